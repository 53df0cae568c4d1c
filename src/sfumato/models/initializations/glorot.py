"""Glorot and Bengio 2010: variance 2 / (fan_in + fan_out)."""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape, with_variance
from sfumato.recipe import choices


def draw(choice: choices.Glorot, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    return with_variance(2 / (shape.fan_in + shape.fan_out), choice.distribution, shape, random)
