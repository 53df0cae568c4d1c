"""Dead units: the one definition, by the derivatives of an activation.

A unit is dead if no gradient passes through it at any of the given samples, so that its weights cannot learn from them
(Lu, Shin, Su and Karniadakis 2019, "Dying ReLU and Initialization"). A unit whose output is the same everywhere is not
dead as long as a gradient passes. No useful gradient passes where a preactivation is not finite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

FAR = 1e3
"""Preactivation at which a bounded activation has reached its limit."""

Elementwise = Callable[[Tensor], Tensor]

DEAD_GRAD = 1e-4
"""Derivative, relative to the activation's largest, below which no gradient passes."""


@dataclass(frozen=True)
class ActivationGrads:
    """Derivatives of an activation at given preactivations."""

    relative: Tensor
    """Absolute derivatives relative to the largest one of the activation, in the shape of the preactivations."""
    bounded: bool
    """Whether the activation has two different limits, as sigmoid and tanh have, and ReLU and gaussian have not."""


def activation_grads(activation: Elementwise, preactivations: Tensor) -> ActivationGrads | None:
    """Return the derivatives; None if the activation is not elementwise, or constant."""
    with torch.enable_grad():
        usual = _grad(activation, torch.linspace(-8, 8, 1601, dtype=preactivations.dtype).reshape(1, -1))
        far = _grad(activation, torch.tensor([[-FAR, FAR]], dtype=preactivations.dtype))
        grads = _grad(activation, preactivations)
    if usual is None or far is None or grads is None:
        return None
    largest = float(usual.abs().max())
    if not largest > 0:
        return None
    # The derivative of a sine may happen to be 0 at both far points, but not on an interval beside them.
    nearby = _grad(activation, torch.linspace(FAR, FAR + 1, 101, dtype=preactivations.dtype).reshape(1, -1))
    flat = all(each is not None and float(each.abs().max()) < 1e-3 * largest for each in (far, nearby))
    low, high = activation(torch.tensor([[-FAR, FAR]], dtype=preactivations.dtype)).flatten().tolist()
    return ActivationGrads(grads.abs() / largest, flat and low != high)


def _grad(activation: Elementwise, preactivations: Tensor) -> Tensor | None:
    inputs = preactivations.detach().clone().requires_grad_()
    try:
        outputs = activation(inputs)
        if outputs.shape != inputs.shape or not outputs.requires_grad:
            return None
        return torch.autograd.grad(outputs.sum(), inputs)[0]
    except (RuntimeError, ValueError, TypeError, IndexError):
        # For example, a module that requires inputs of a certain shape.
        return None


def dead_by_activation_grads(preactivations: Tensor, relative_grads: Tensor) -> Tensor:
    """Return (units,), true for dead units, from (N, units) preactivations and relative derivatives there."""
    return ~(preactivations.isfinite() & (relative_grads >= DEAD_GRAD)).any(0)


def dead_by_gradient(gradients: Tensor) -> Tensor:
    """Return the same from (N, units) gradients by the preactivations, for an unknown activation."""
    return (gradients == 0).all(0)


def dead_by_preactivations(activation: Elementwise, preactivations: Tensor) -> Tensor | None:
    """Return the same from (N, units) preactivations; None for an activation that is not elementwise."""
    grads = activation_grads(activation, preactivations)
    return None if grads is None else dead_by_activation_grads(preactivations, grads.relative)
