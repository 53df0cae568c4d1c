"""What every initialization provides, and the distributions that they share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """A linear layer's place in the network."""

    fan_in: int
    fan_out: int
    first: bool
    last: bool
    inputs: Callable[[np.random.Generator, int], Array]
    """(stream, count) -> (count, fan_in): what comes into the layer at so many random places of the picture."""
    terms: int = 1
    """How many layers' outputs are added up in what comes in. Their variances add up too, so that of the weights is
    divided by it: the layer's sums then have about the deviation that they have in a network without additions."""


Draw = Callable[[Any, Shape, np.random.Generator], tuple[Array, Array]]
"""(choice, shape, stream) -> weights (fan_out, fan_in) and biases (fan_out,)."""


def with_variance(
    variance: float, distribution: choices.Distribution, shape: Shape, random: np.random.Generator
) -> tuple[Array, Array]:
    """Weights of mean 0 and this variance, divided by the terms of the inputs; biases 0."""
    size = (shape.fan_out, shape.fan_in)
    variance /= shape.terms
    if distribution == "normal":
        weights = random.standard_normal(size) * math.sqrt(variance)
    else:
        weights = random.uniform(-1, 1, size) * math.sqrt(3 * variance)
    return weights, np.zeros(shape.fan_out)
