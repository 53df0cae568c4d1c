"""The logistic function 1 / (1 + exp(-x))."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import arithmetic
from sfumato.models.activations.activation import Implementation
from sfumato.recipe import choices


def tensor(x: Tensor, _: float) -> Tensor:
    """See the module."""
    return torch.sigmoid(x)


def value(x: float, _: float) -> float:
    """See the module."""
    small = arithmetic.exp(-abs(x))
    return (1.0 if x >= 0 else small) / (1.0 + small)


def derivative(x: float, y: float, _: float) -> float:
    """y (1 - y)."""
    return y * (1.0 - y)


IMPLEMENTATION = Implementation(choices.Sigmoid, tensor, value, derivative)
