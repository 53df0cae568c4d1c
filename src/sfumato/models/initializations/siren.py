"""Sitzmann et al. 2020: +-1/fan_in in the first layer, +-sqrt(6/fan_in)/omega after it, uniform.

Biases are uniform within +-1/sqrt(fan_in), as in the paper's program.
"""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape
from sfumato.recipe import choices


def draw(choice: choices.Siren, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    bound = 1 / shape.fan_in if shape.first else math.sqrt(6 / shape.fan_in / shape.terms) / choice.omega
    weights = random.uniform(-bound, bound, (shape.fan_out, shape.fan_in))
    return weights, random.uniform(-1, 1, shape.fan_out) / math.sqrt(shape.fan_in)
