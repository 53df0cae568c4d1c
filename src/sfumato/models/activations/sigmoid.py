"""The logistic function 1 / (1 + exp(-x))."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor) -> Tensor:
    """Compute 1 / (1 + exp(-x)) elementwise."""
    return torch.sigmoid(x)


def value(x: float) -> float:
    """Compute 1 / (1 + exp(-x)) for one number."""
    small = activation.exp(-abs(x))
    return (1.0 if x >= 0 else small) / (1.0 + small)


def derivative(x: float, y: float) -> float:
    """Return y (1 - y)."""
    return y * (1.0 - y)


IMPLEMENTATION = Implementation(tensor, value, derivative)
