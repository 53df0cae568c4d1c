"""He et al. 2015: variance 2 / fan_in."""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape, with_variance
from sfumato.recipe import choices


def draw(choice: choices.He, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    return with_variance(2 / shape.fan_in, choice.distribution, shape, random)
