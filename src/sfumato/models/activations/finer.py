"""sin(omega (|x| + 1) x), whose frequency grows with |x| (FINER, Liu et al. 2024).

The authors' code (liuzhen0212/FINER, models.py) has no gradient through |x| + 1 unless scale_req_grad is set: there the
update follows the derivative of a sine of constant frequency. ``differentiate_scale`` is 1 for the derivative of the
function, and 0 for theirs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations import activation
from sfumato.models.activations.activation import Implementation

_FAR = 1e15
"""Larger |x| count as this: their sines have no correct digits, and their squares do not fit float32."""


def tensor(x: Tensor, omega: float, differentiate_scale: float) -> Tensor:
    """Compute sin(omega (|x| + 1) x) elementwise."""
    x = x.clamp(-_FAR, _FAR)
    scale = x.abs() + 1
    return torch.sin(omega * (scale if differentiate_scale else scale.detach()) * x)


def value(x: float, omega: float, differentiate_scale: float) -> float:
    """Compute sin(omega (|x| + 1) x) for one number."""
    far = activation.constant(_FAR, x)
    x = -far if x < -far else far if x > far else x
    return activation.sin(omega * (abs(x) + activation.constant(1.0, x)) * x)


def derivative(x: float, y: float, omega: float, differentiate_scale: float) -> float:
    """Return omega (2 |x| + 1) cos(omega (|x| + 1) x), or with |x| in place of 2 |x|."""
    far = activation.constant(_FAR, x)
    x = -far if x < -far else far if x > far else x
    scale = abs(x) + activation.constant(1.0, x)
    return omega * (scale + differentiate_scale * abs(x)) * activation.cos(omega * scale * x)


IMPLEMENTATION = Implementation(tensor, value, derivative)
