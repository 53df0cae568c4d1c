"""Dead units, defined once: for the health check, the figures of a run, pictures of neurons, and the studio.

A unit is dead if no gradient passes it at any of the samples that are looked at, so that its weights cannot learn from
them (Lu, Shin, Su and Karniadakis 2019, "Dying ReLU and Initialization"). A unit whose output is the same everywhere
is not dead as long as a gradient passes. Where a sum is not a finite number, no gradient that could teach passes.
"""

from __future__ import annotations

from torch import Tensor

from sfumato.training.health.activation_slopes import Elementwise, slopes

DEAD_SLOPE = 1e-4
"""No gradient passes where the slope is below this part of the activation's steepest."""


def dead_by_slope(sums: Tensor, relative_slopes: Tensor) -> Tensor:
    """(N, units) weighted sums, and slopes there in parts of the steepest -> (units,), true for dead units."""
    return ~(sums.isfinite() & (relative_slopes >= DEAD_SLOPE)).any(0)


def dead_by_gradient(gradients: Tensor) -> Tensor:
    """(N, units) gradients of the loss by the units' sums -> (units,), where the activation is not known."""
    return (gradients == 0).all(0)


def dead_by_sums(activation: Elementwise, sums: Tensor) -> Tensor | None:
    """(N, units) weighted sums -> (units,); None for an activation that is not elementwise."""
    found = slopes(activation, sums)
    return None if found is None else dead_by_slope(sums, found.parts)
