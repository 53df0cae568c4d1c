"""Random hyperplanes: the zero line of every unit, where its preactivation is 0, passes through a random point.

A ReLU network bends only at the zero lines of its units; a unit whose zero line misses the picture is linear there, and
adds nothing that a shallower network would lack. So the bias is not drawn, but makes the preactivation 0 at a random
point p of the picture: b = -w p. Hidden layers are then scaled so that their preactivations have standard deviation 1
over the picture (LSUV, Mishkin and Matas 2016), and so is the first layer after an encoding, whose features are steep
enough by themselves. The colors of the picture are not used.
"""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec
from sfumato.recipe import choices
from sfumato.recipe.choices.initializations import MEASURED_POINTS

OUTPUT_SCALE = 0.1
"""Standard deviation of the output layer's weights times sqrt(fan_in); small, so that outputs start near 0."""


def draw(choice: choices.RandomHyperplanes, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw weights, and set biases so that each zero line passes through a random point."""
    weights = random.standard_normal((layer.fan_out, layer.fan_in))
    if layer.last:
        return weights * (OUTPUT_SCALE / math.sqrt(layer.fan_in * layer.terms)), np.zeros(layer.fan_out)
    points = layer.inputs(random, layer.fan_out)
    if layer.first and not layer.encoded:
        weights *= choice.scale / np.linalg.norm(weights, axis=1, keepdims=True)
        return weights, -(weights * points).sum(axis=1)
    biases = -(weights * points).sum(axis=1)
    deviation = (layer.inputs(random, MEASURED_POINTS) @ weights.T + biases).std()
    # 0 where the layer below is constant, so that nothing can be scaled.
    return (weights / deviation, biases / deviation) if deviation > 0 else (weights, biases)
