"""log cosh e: about e^2 / 2 near 0 and |e| - log 2 far from it, with derivative tanh e (Green 1990; Chen et al. 2018).

cosh overflows, and log cosh e computed as |e| + log(1 + exp(-2 |e|)) - log 2 loses the digits of a small error. So
it is log(1 + sinh^2 e) / 2 for |e| < 1, which is the same because cosh^2 = 1 + sinh^2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.training.losses.loss import Implementation

LOG_2 = math.log(2)


def tensor(errors: Tensor) -> Tensor:
    """Return log cosh e elementwise."""
    sizes = errors.abs()
    # Clamped, because the branch that is not selected must have finite derivatives, too.
    near = 0.5 * torch.log1p(torch.sinh(errors.clamp(-1, 1)) ** 2)
    far = sizes + torch.nn.functional.softplus(-2 * sizes) - LOG_2
    return torch.where(sizes < 1, near, far)


def value(error: float) -> float:
    """Return log cosh e."""
    # In float64, whatever the type of the error.
    size = abs(1.0 * error)
    if size < 1:
        return 0.5 * math.log1p(math.sinh(size) * math.sinh(size))
    return size + math.log1p(math.exp(-2 * size)) - LOG_2


def derivative(error: float) -> float:
    """Return tanh e."""
    return math.tanh(1.0 * error)


IMPLEMENTATION = Implementation(tensor, value, derivative)
