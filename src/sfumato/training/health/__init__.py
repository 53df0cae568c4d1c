"""How a network is: figures of every layer, and of its painting."""

from sfumato.training.health.dead_units import dead_by_sums
from sfumato.training.health.figures import Figures, Spread
from sfumato.training.health.gauge import Gauge
from sfumato.training.health.layers import Layer
from sfumato.training.health.painting import MANY, flat_psnr, saturated

__all__ = ["MANY", "Figures", "Gauge", "Layer", "Spread", "dead_by_sums", "flat_psnr", "saturated"]
