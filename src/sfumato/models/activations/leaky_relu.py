"""Leaky ReLU (Maas et al. 2013): x for x >= 0, negative_slope * x below."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, negative_slope: float) -> Tensor:
    """Compute x for x >= 0, else negative_slope x elementwise."""
    return torch.nn.functional.leaky_relu(x, negative_slope)


def value(x: float, negative_slope: float) -> float:
    """Compute x for x >= 0, else negative_slope x for one number."""
    return x if x >= 0 else negative_slope * x


def derivative(x: float, y: float, negative_slope: float) -> float:
    """Return 1 for x >= 0, else negative_slope."""
    return 1.0 if x >= 0 else negative_slope


IMPLEMENTATION = Implementation(tensor, value, derivative)
