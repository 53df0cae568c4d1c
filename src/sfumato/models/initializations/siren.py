"""Sitzmann et al. 2020: uniform within +-1/fan_in in the first layer, +-sqrt(6/fan_in)/omega after it.

Biases are uniform within +-1/sqrt(fan_in), as in the paper's code.
"""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec
from sfumato.recipe import choices


def draw(choice: choices.Siren, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw uniform weights and biases."""
    bound = 1 / layer.fan_in if layer.first else math.sqrt(6 / layer.fan_in / layer.terms) / choice.omega
    weights = random.uniform(-bound, bound, (layer.fan_out, layer.fan_in))
    return weights, random.uniform(-1, 1, layer.fan_out) / math.sqrt(layer.fan_in)
