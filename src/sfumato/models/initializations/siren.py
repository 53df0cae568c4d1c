"""Sitzmann et al. 2020: uniform within +-1/fan_in in the first layer, +-sqrt(6/fan_in)/omega after it.

Biases are PyTorch's own in the authors' code (github.com/vsitzmann/siren), and within the bound of their layer's
weights in COIN's (github.com/EmilienDupont/coin). Yeom et al. 2025 (arXiv 2410.04779) multiply the weights of all
layers but the last by one constant, and leave the biases (github.com/effl-lab/Fast-Neural-Fields).
"""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec, draw_biases
from sfumato.recipe import choices


def draw(choice: choices.Siren, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw uniform weights, and biases."""
    scale = 1.0 if layer.last else choice.weight_scale
    weights = draw_weights(choice.omega, layer, random) * scale
    if choice.bias == "weights":
        bound = scale * weight_bound(choice.omega, layer.fan_in, first=layer.first)
        return weights, random.uniform(-bound, bound, layer.fan_out)
    return weights, draw_biases(choice.bias, layer, random)


def draw_weights(omega: float, layer: LayerSpec, random: np.random.Generator) -> Array:
    """Draw SIREN's weights, (fan_out, fan_in)."""
    bound = weight_bound(omega, layer.fan_in, layer.terms, first=layer.first)
    return random.uniform(-bound, bound, (layer.fan_out, layer.fan_in))


def weight_bound(omega: float, fan_in: int, terms: int = 1, *, first: bool) -> float:
    """Return the largest absolute weight."""
    return 1 / fan_in if first else math.sqrt(6 / fan_in / terms) / omega
