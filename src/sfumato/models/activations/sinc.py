"""sin(omega x) / (omega x) (Saratchandran et al. 2024)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation

_SERIES = tuple((-1) ** k * 2 * k / math.factorial(2 * k + 1) for k in range(1, 9))
"""Coefficients of the derivative of sin(z) / z in odd powers of z, exact to float64 up to |z| = 1."""


def tensor(x: Tensor, omega: float) -> Tensor:
    """Compute sin(omega x) / (omega x) elementwise, 1 at 0."""
    # PyTorch's function is that of pi x.
    return torch.sinc(x * (omega / math.pi))


def value(x: float, omega: float) -> float:
    """Compute sin(omega x) / (omega x) for one number, 1 at 0."""
    z = omega * x
    one = activation.constant(1.0, x)
    return activation.sin(z) / z if z != 0 else one


def derivative(x: float, y: float, omega: float) -> float:
    """Return (cos(omega x) - y) / x, by a series near 0, where the difference has no digits."""
    z = omega * x
    s = z * z
    p = activation.constant(_SERIES[6], x) + s * activation.constant(_SERIES[7], x)
    p = activation.constant(_SERIES[4], x) + s * (activation.constant(_SERIES[5], x) + s * p)
    p = activation.constant(_SERIES[2], x) + s * (activation.constant(_SERIES[3], x) + s * p)
    p = activation.constant(_SERIES[0], x) + s * (activation.constant(_SERIES[1], x) + s * p)
    near = s < 1
    return omega * (z * p if near else (activation.cos(z) - y) / (activation.constant(1.0, x) if near else z))


IMPLEMENTATION = Implementation(tensor, value, derivative)
