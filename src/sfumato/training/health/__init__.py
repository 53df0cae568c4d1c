"""Health of a network: statistics of every layer, and of its painting."""

from sfumato.training.health.dead_units import dead_by_preactivations
from sfumato.training.health.layer_probe import LayerProbe
from sfumato.training.health.layers import Layer
from sfumato.training.health.network_stats import MANY, ColorStats, NetworkStats, mean_color_psnr, saturated

__all__ = [
    "MANY",
    "ColorStats",
    "Layer",
    "LayerProbe",
    "NetworkStats",
    "dead_by_preactivations",
    "mean_color_psnr",
    "saturated",
]
