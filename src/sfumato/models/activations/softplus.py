"""Softplus (Dugas et al. 2001): log(1 + exp(beta x)) / beta."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation

_THRESHOLD = 50.0
"""Value of beta x beyond which PyTorch returns x, which differs by less than float64's rounding."""


def tensor(x: Tensor, beta: float) -> Tensor:
    """Compute log(1 + exp(beta x)) / beta elementwise."""
    return torch.nn.functional.softplus(x, beta, _THRESHOLD)


def value(x: float, beta: float) -> float:
    """Compute log(1 + exp(beta x)) / beta for one number."""
    tail = activation.log1p(activation.exp(-abs(beta * x))) / beta
    return x + tail if x > 0 else tail


def derivative(x: float, y: float, beta: float) -> float:
    """Return the sigmoid of beta x."""
    one, small = activation.constant(1.0, x), activation.exp(-abs(beta * x))
    return (one if x >= 0 else small) / (one + small)


IMPLEMENTATION = Implementation(tensor, value, derivative)
