"""exp(-x^2 / (2 width^2)) (Ramasinghe and Lucey 2022)."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import arithmetic
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, width: float) -> Tensor:
    """See the module."""
    return torch.exp(x * x * (-0.5 / (width * width)))


def value(x: float, width: float) -> float:
    """See the module."""
    # No constants: of another precision than x they would decide that of the result.
    return arithmetic.exp(-(x * x) / (width * width + width * width))


def derivative(x: float, y: float, width: float) -> float:
    """-x y / width^2."""
    return -x * y / (width * width)


IMPLEMENTATION = Implementation(tensor, value, derivative)
