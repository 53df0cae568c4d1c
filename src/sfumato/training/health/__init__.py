"""How a network is: figures of every layer, and what is wrong with a painting, in words."""

from sfumato.training.health.figures import Figures, Spread
from sfumato.training.health.gauge import Gauge
from sfumato.training.health.layers import Layer
from sfumato.training.health.painting import MANY, few_seen, findings, flat_psnr, saturated

__all__ = ["MANY", "Figures", "Gauge", "Layer", "Spread", "few_seen", "findings", "flat_psnr", "saturated"]
