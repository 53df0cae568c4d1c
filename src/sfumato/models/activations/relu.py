"""ReLU (Nair and Hinton 2010): max(0, x)."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor) -> Tensor:
    """Compute max(0, x) elementwise."""
    return torch.relu(x)


def value(x: float) -> float:
    """Compute max(0, x) for one number."""
    return x if x > 0 else 0.0


def derivative(x: float, y: float) -> float:
    """Return 1 for x > 0, else 0, as in PyTorch."""
    return 1.0 if x > 0 else 0.0


IMPLEMENTATION = Implementation(tensor, value, derivative)
