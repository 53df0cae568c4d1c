"""GELU (Hendrycks and Gimpel 2016): x Phi(x), Phi being the standard normal distribution function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation

_SQRT_HALF = math.sqrt(0.5)
_PEAK = 1 / math.sqrt(2 * math.pi)
"""Density of the standard normal distribution at 0."""


def tensor(x: Tensor) -> Tensor:
    """Compute x Phi(x) elementwise, without the approximation by tanh."""
    return torch.nn.functional.gelu(x)


def value(x: float) -> float:
    """Compute x Phi(x) for one number."""
    # Phi by the complementary error function, which keeps its digits where Phi is small.
    half = activation.constant(0.5, x)
    return half * x * activation.erfc(-x * activation.constant(_SQRT_HALF, x))


def derivative(x: float, y: float) -> float:
    """Return Phi(x) + x times the normal density at x."""
    half = activation.constant(0.5, x)
    distribution = half * activation.erfc(-x * activation.constant(_SQRT_HALF, x))
    return distribution + x * activation.constant(_PEAK, x) * activation.exp(-half * x * x)


IMPLEMENTATION = Implementation(tensor, value, derivative)
