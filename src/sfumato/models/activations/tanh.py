"""tanh(x)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.models.activations.activation import Implementation
from sfumato.recipe import choices


def tensor(x: Tensor, _: float) -> Tensor:
    """See the module."""
    return torch.tanh(x)


def value(x: float, _: float) -> float:
    """See the module."""
    return math.tanh(x)


def derivative(x: float, y: float, _: float) -> float:
    """1 - y^2."""
    return 1.0 - y * y


IMPLEMENTATION = Implementation(choices.Tanh, tensor, value, derivative)
