"""LSUV (Mishkin and Matas 2016, "All you need is a good init"): orthonormal weights, scaled to one variance by layer.

W = std * Q / deviation(Q x), where the deviation is over all units and many inputs x of the layer.

The paper measures the variance of a layer's outputs, before the activation, over a batch of data; here over random
points of the picture, whose colors are not used. Preactivations are proportional to the weights, as biases are 0, so
that one division replaces the paper's iterations.
"""

from __future__ import annotations

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec
from sfumato.models.initializations.orthogonal import orthonormal
from sfumato.recipe import choices
from sfumato.recipe.choices.initializations import MEASURED_POINTS


def draw(choice: choices.LSUV, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw an orthonormal matrix and scale it; biases are 0."""
    weights = orthonormal(layer, random)
    deviation = (layer.inputs(random, MEASURED_POINTS) @ weights.T).std()
    # 0 where the layer below is constant, so that nothing can be scaled.
    return weights * (choice.std / deviation if deviation > 0 else 1.0), np.zeros(layer.fan_out)
