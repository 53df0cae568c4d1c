"""ReLU: max(0, x)."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor) -> Tensor:
    """See the module."""
    return torch.relu(x)


def value(x: float) -> float:
    """See the module."""
    return x if x > 0 else 0.0


def derivative(x: float, y: float) -> float:
    """1 for x > 0, else 0, as in PyTorch."""
    return 1.0 if x > 0 else 0.0


IMPLEMENTATION = Implementation(tensor, value, derivative)
