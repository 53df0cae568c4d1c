"""The real Gabor wavelet cos(omega x) exp(-(scale x)^2) (WIRE, Saragadam et al. 2023).

Both factors take the same preactivation, as in the paper's equation. A unit of the class RealGaborLayer in the authors'
code (vishwa91/wire, modules/wire.py) has two, one for the frequency and one for the envelope.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, omega: float, scale: float) -> Tensor:
    """Compute cos(omega x) exp(-(scale x)^2) elementwise."""
    return torch.cos(omega * x) * torch.exp(-torch.square(scale * x))


def value(x: float, omega: float, scale: float) -> float:
    """Compute cos(omega x) exp(-(scale x)^2) for one number."""
    return activation.cos(omega * x) * activation.exp(-((scale * x) * (scale * x)))


def derivative(x: float, y: float, omega: float, scale: float) -> float:
    """Return -omega sin(omega x) exp(-(scale x)^2) - 2 scale^2 x y."""
    envelope = activation.exp(-((scale * x) * (scale * x)))
    return -omega * activation.sin(omega * x) * envelope - (scale * scale + scale * scale) * x * y


IMPLEMENTATION = Implementation(tensor, value, derivative)
