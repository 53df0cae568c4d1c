"""ELU (Clevert et al. 2016): x for x > 0, alpha (exp(x) - 1) below."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation


def tensor(x: Tensor, alpha: float) -> Tensor:
    """Compute x for x > 0, else alpha (exp(x) - 1) elementwise."""
    return torch.nn.functional.elu(x, alpha)


def value(x: float, alpha: float) -> float:
    """Compute x for x > 0, else alpha (exp(x) - 1) for one number."""
    return x if x > 0 else alpha * activation.expm1(-abs(x))


def derivative(x: float, y: float, alpha: float) -> float:
    """Return 1 for x > 0, else alpha exp(x), as in PyTorch."""
    # Not y + alpha, which has no digits far below 0.
    return activation.constant(1.0, x) if x > 0 else alpha * activation.exp(-abs(x))


IMPLEMENTATION = Implementation(tensor, value, derivative)
