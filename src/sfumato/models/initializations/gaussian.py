"""The rule of 2012: normal with deviation scale / sqrt(fan_in + 1), biases drawn like weights and counted."""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape
from sfumato.recipe import choices


def draw(choice: choices.Gaussian, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    rows = random.standard_normal((shape.fan_out, shape.fan_in + 1)) * (choice.scale / math.sqrt(shape.fan_in + 1))
    return rows[:, :-1] / math.sqrt(shape.terms), rows[:, -1]
