"""FINER (Liu et al. 2024): SIREN's weights, and biases of the first layer from a range that selects frequencies.

In the authors' code (github.com/liuzhen0212/FINER) the range is of the first layer alone; the biases of the other
layers are PyTorch's own.
"""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec, draw_biases
from sfumato.models.initializations.siren import draw_weights
from sfumato.recipe import choices


def draw(choice: choices.FinerInitialization, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw uniform weights and biases."""
    weights = draw_weights(choice.omega, layer, random)
    if layer.first:
        return weights, random.uniform(-1, 1, layer.fan_out) * choice.bias_range
    return weights, draw_biases("fan_in", layer, random)
