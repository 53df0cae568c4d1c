"""How a network is: figures of every layer, and of its painting."""

from sfumato.training.health.figures import Figures, Spread
from sfumato.training.health.gauge import Gauge
from sfumato.training.health.layers import Layer
from sfumato.training.health.painting import MANY, flat_psnr, saturated

__all__ = ["MANY", "Figures", "Gauge", "Layer", "Spread", "flat_psnr", "saturated"]
