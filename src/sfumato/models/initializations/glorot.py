"""Glorot and Bengio 2010: variance 2 / (fan_in + fan_out)."""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec, with_variance
from sfumato.recipe import choices


def draw(choice: choices.Glorot, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw weights of variance 2 / (fan_in + fan_out); biases are those of the choice."""
    return with_variance(2 / (layer.fan_in + layer.fan_out), choice.distribution, choice.bias, layer, random)
