"""The interface of initializations, and the distributions that they share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices

Array = NDArray[np.float64]

CUTOFF = 2.0
"""Standard deviations at which a truncated normal distribution is cut off."""


@dataclass(frozen=True)
class LayerSpec:
    """Sizes and inputs of a linear layer that is initialized."""

    fan_in: int
    fan_out: int
    first: bool
    last: bool
    inputs: Callable[[np.random.Generator, int], Array]
    """(random generator, count) -> (count, fan_in): inputs of the layer at ``count`` random points of the picture."""
    encoded: bool = False
    """Whether the inputs of the first layer are features of an encoding, not the coordinates themselves."""
    terms: int = 1
    """Number of layer outputs whose sum is the input. Their variances add up, so the variance of the weights is divided
    by it: the preactivations then have about the standard deviation that they have without residual connections."""


Draw = Callable[[Any, LayerSpec, np.random.Generator], tuple[Array, Array]]
"""Implementation of an initialization: (choice, layer, random generator) -> weights (fan_out, fan_in) and biases
(fan_out,)."""


def with_variance(
    variance: float,
    distribution: choices.Distribution,
    bias: choices.Bias,
    layer: LayerSpec,
    random: np.random.Generator,
) -> tuple[Array, Array]:
    """Draw weights of mean 0 and variance ``variance`` divided by the terms of the inputs, and biases."""

    def values(size: tuple[int, ...], variance: float) -> Array:
        if distribution == "normal":
            return random.standard_normal(size) * math.sqrt(variance)
        if distribution == "truncated_normal":
            return truncated_normal(random, size) * math.sqrt(variance)
        return random.uniform(-1, 1, size) * math.sqrt(3 * variance)

    weights = values((layer.fan_out, layer.fan_in), variance / layer.terms)
    if bias == "weights":
        return weights, values((layer.fan_out,), variance)
    return weights, draw_biases(bias, layer, random)


def truncated_normal(random: np.random.Generator, size: tuple[int, ...]) -> Array:
    """Draw normal values cut off at two standard deviations, scaled to standard deviation 1, as JAX's initializers do.

    The values are quantiles of uniform numbers. The variance of what remains of a normal distribution between -c and c
    is 1 - 2 c f(c) / (2 F(c) - 1), with its density f and distribution function F (Johnson, Kotz and Balakrishnan 1994,
    "Continuous Univariate Distributions", 13.10).
    """
    # Imported here, as it takes a while and few initializations need it.
    from scipy.special import ndtri

    mass = math.erf(CUTOFF / math.sqrt(2))
    density = math.exp(-0.5 * CUTOFF**2) / math.sqrt(2 * math.pi)
    deviation = math.sqrt(1 - 2 * CUTOFF * density / mass)
    return ndtri(0.5 + 0.5 * mass * random.uniform(-1, 1, size)) / deviation


def draw_biases(bias: float | Literal["fan_in"], layer: LayerSpec, random: np.random.Generator) -> Array:
    """Draw biases (fan_out,): normal with standard deviation ``bias``, or uniform within +-1/sqrt(fan_in)."""
    if bias == "fan_in":
        return random.uniform(-1, 1, layer.fan_out) / math.sqrt(layer.fan_in)
    return random.standard_normal(layer.fan_out) * bias if bias > 0 else np.zeros(layer.fan_out)
