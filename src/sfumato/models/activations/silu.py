"""SiLU (Elfwing et al. 2018), also called swish: x / (1 + exp(-x))."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor) -> Tensor:
    """Compute x / (1 + exp(-x)) elementwise."""
    return torch.nn.functional.silu(x)


def value(x: float) -> float:
    """Compute x / (1 + exp(-x)) for one number."""
    one, small = activation.constant(1.0, x), activation.exp(-abs(x))
    return x * ((one if x >= 0 else small) / (one + small))


def derivative(x: float, y: float) -> float:
    """Return s + y (1 - s), s being the sigmoid of x."""
    one, small = activation.constant(1.0, x), activation.exp(-abs(x))
    # 1 - s is computed like s: far above 0, the difference would have no digits.
    return ((one if x >= 0 else small) + y * (small if x >= 0 else one)) / (one + small)


IMPLEMENTATION = Implementation(tensor, value, derivative)
