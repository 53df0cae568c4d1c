"""Dead units: the one definition for the health check, a run's statistics, pictures of neurons, and the studio.

A unit is dead if no gradient passes through it at any of the given samples, so that its weights cannot learn from them
(Lu, Shin, Su and Karniadakis 2019, "Dying ReLU and Initialization"). A unit whose output is the same everywhere is not
dead as long as a gradient passes. No useful gradient passes where a preactivation is not finite.
"""

from __future__ import annotations

from torch import Tensor

from sfumato.training.health.activation_slopes import Elementwise, activation_grads

DEAD_GRAD = 1e-4
"""Derivative, relative to the activation's largest, below which no gradient passes."""


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
