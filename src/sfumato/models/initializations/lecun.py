"""LeCun et al. 1998: variance 1 / fan_in."""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec, with_variance
from sfumato.recipe import choices


def draw(choice: choices.LeCun, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw weights of variance 1 / fan_in; biases are those of the choice."""
    return with_variance(1 / layer.fan_in, choice.distribution, choice.bias, layer, random)
