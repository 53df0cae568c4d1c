"""How a network is: figures of every layer, and of its painting."""

from sfumato.training.health.dead_units import dead_by_sums
from sfumato.training.health.layer_probe import LayerProbe
from sfumato.training.health.layers import Layer
from sfumato.training.health.network_stats import NetworkStats, Spread
from sfumato.training.health.painting import MANY, mean_color_psnr, saturated

__all__ = ["MANY", "Layer", "LayerProbe", "NetworkStats", "Spread", "dead_by_sums", "mean_color_psnr", "saturated"]
