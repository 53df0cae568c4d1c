"""exp(-x^2 / (2 width^2)) (Ramasinghe and Lucey 2022)."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, width: float) -> Tensor:
    """Compute exp(-x^2 / (2 width^2)) elementwise."""
    return torch.exp(x * x * (-0.5 / (width * width)))


def value(x: float, width: float) -> float:
    """Compute exp(-x^2 / (2 width^2)) for one number."""
    # No constants, whose precision could decide that of the result.
    return activation.exp(-(x * x) / (width * width + width * width))


def derivative(x: float, y: float, width: float) -> float:
    """Return -x y / width^2."""
    return -x * y / (width * width)


IMPLEMENTATION = Implementation(tensor, value, derivative)
