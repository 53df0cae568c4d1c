"""The initialization of 2012: normal with standard deviation scale / sqrt(fan_in + 1), by default biases too."""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec, draw_biases
from sfumato.recipe import choices


def draw(choice: choices.Gaussian, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw weights and biases; the weights are divided by the square root of the terms of the inputs."""
    rows = random.standard_normal((layer.fan_out, layer.fan_in + 1)) * (choice.scale / math.sqrt(layer.fan_in + 1))
    biases = rows[:, -1] if choice.bias == "weights" else draw_biases(choice.bias, layer, random)
    return rows[:, :-1] / math.sqrt(layer.terms), biases
