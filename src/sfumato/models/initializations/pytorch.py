"""The default of PyTorch's nn.Linear: weights and biases uniform within +-1/sqrt(fan_in).

Its `reset_parameters` states He's uniform distribution for leaky ReLU with the slope sqrt(5): the variance
2 / ((1 + 5) fan_in) = 1 / (3 fan_in).
"""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec, with_variance
from sfumato.recipe import choices


def draw(choice: choices.PyTorch, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw weights of variance 1 / (3 fan_in); biases are those of the choice."""
    return with_variance(1 / (3 * layer.fan_in), "uniform", choice.bias, layer, random)
