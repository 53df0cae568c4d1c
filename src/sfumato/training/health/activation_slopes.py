"""What an activation lets pass of a gradient: its slopes, of whatever elementwise module it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

FAR = 1e3
"""A sum so large that a bounded activation is flat there."""

Elementwise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Slopes:
    """An activation's slopes at given sums, in parts of the steepest that it has."""

    parts: Tensor
    """In the shape of the sums, 0 to about 1."""
    bounded: bool
    """Whether it is flat on both sides at different heights, as sigmoid and tanh are, and ReLU and gauss are not."""


def slopes(activation: Elementwise, sums: Tensor) -> Slopes | None:
    """None when the activation is not elementwise, or has no slope at all."""
    with torch.enable_grad():
        steepest = _at(activation, torch.linspace(-8, 8, 1601, dtype=sums.dtype).reshape(1, -1))
        far = _at(activation, torch.tensor([[-FAR, FAR]], dtype=sums.dtype))
        here = _at(activation, sums)
    if steepest is None or far is None or here is None:
        return None
    top = float(steepest.abs().max())
    if not top > 0:
        return None
    # A sine may be flat at the two places by chance, but not next to them.
    nearby = _at(activation, torch.linspace(FAR, FAR + 1, 101, dtype=sums.dtype).reshape(1, -1))
    flat = all(each is not None and float(each.abs().max()) < 1e-3 * top for each in (far, nearby))
    low, high = activation(torch.tensor([[-FAR, FAR]], dtype=sums.dtype)).flatten().tolist()
    return Slopes(here.abs() / top, flat and low != high)


def _at(activation: Elementwise, sums: Tensor) -> Tensor | None:
    inputs = sums.detach().clone().requires_grad_()
    try:
        outputs = activation(inputs)
        if outputs.shape != inputs.shape or not outputs.requires_grad:
            return None
        return torch.autograd.grad(outputs.sum(), inputs)[0]
    except (RuntimeError, ValueError, TypeError, IndexError):
        # Such as a module that wants inputs of its own shape.
        return None
