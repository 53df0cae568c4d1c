"""Every unit's edge, the places where its sum is 0, passes through a random place of the picture.

Where a ReLU network bends, its units' edges are; a unit whose edge misses the picture is linear there, and adds
nothing that a shallower network would lack. So a bias is not drawn: it makes the sum 0 at a random place. Hidden layers
are then scaled so that their sums have standard deviation 1 over the picture (LSUV, Mishkin and Matas 2016). No color
of the picture plays a part.
"""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape
from sfumato.recipe import choices

PLACES = 1024
"""Random places over which a layer's deviation is measured."""

OUTPUT_SCALE = 0.1
"""Standard deviation of the output's weights times sqrt(fan_in): the first painting is faint."""


def draw(choice: choices.Edges, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    weights = random.standard_normal((shape.fan_out, shape.fan_in))
    if shape.last:
        return weights * (OUTPUT_SCALE / math.sqrt(shape.fan_in * shape.terms)), np.zeros(shape.fan_out)
    through = shape.inputs(random, shape.fan_out)
    if shape.first:
        weights *= choice.scale / np.linalg.norm(weights, axis=1, keepdims=True)
        return weights, -(weights * through).sum(axis=1)
    biases = -(weights * through).sum(axis=1)
    deviation = (shape.inputs(random, PLACES) @ weights.T + biases).std()
    # 0 where the layer below is the same everywhere: then nothing can be scaled.
    return (weights / deviation, biases / deviation) if deviation > 0 else (weights, biases)
