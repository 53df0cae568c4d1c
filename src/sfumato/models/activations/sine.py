"""sin(omega * x), as in SIREN (Sitzmann et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, omega: float) -> Tensor:
    """Compute sin(omega x) elementwise."""
    return torch.sin(omega * x)


def value(x: float, omega: float) -> float:
    """Compute sin(omega x) for one number."""
    return activation.sin(omega * x)


def derivative(x: float, y: float, omega: float) -> float:
    """Return omega cos(omega x)."""
    return omega * activation.cos(omega * x)


IMPLEMENTATION = Implementation(tensor, value, derivative)
