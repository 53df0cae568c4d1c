"""tanh(x)."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor) -> Tensor:
    """Compute tanh(x) elementwise."""
    return torch.tanh(x)


def value(x: float) -> float:
    """Compute tanh(x) for one number."""
    # Not 2 * x: the constant's precision could decide that of the result.
    small = activation.exp(-abs(x + x))
    size = (1 - small) / (1 + small)
    return size if x >= 0 else -size


def derivative(x: float, y: float) -> float:
    """Return 1 - y^2."""
    return 1.0 - y * y


IMPLEMENTATION = Implementation(tensor, value, derivative)
