"""Leaky ReLU (Maas et al. 2013): x for x >= 0, slope * x below."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, slope: float) -> Tensor:
    """See the module."""
    return torch.nn.functional.leaky_relu(x, slope)


def value(x: float, slope: float) -> float:
    """See the module."""
    return x if x >= 0 else slope * x


def derivative(x: float, y: float, slope: float) -> float:
    """1 for x >= 0, slope below."""
    return 1.0 if x >= 0 else slope


IMPLEMENTATION = Implementation(tensor, value, derivative)
