"""LeCun et al. 1998: variance 1 / fan_in."""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape, with_variance
from sfumato.recipe import choices


def draw(choice: choices.LeCun, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    return with_variance(1 / shape.fan_in, choice.distribution, shape, random)
