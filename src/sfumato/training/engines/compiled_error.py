"""An output's error, its loss and what passes down from it, for compiled loops."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sfumato.errors import EngineError
from sfumato.recipe import choices

SQUARED, ABSOLUTE, HUBER = 0, 1, 2

LOSSES: dict[type[choices.Loss], int] = {
    choices.Squared: SQUARED,
    choices.Absolute: ABSOLUTE,
    choices.Huber: HUBER,
}
"""Every loss by its choice."""


class Errors(NamedTuple):
    """How the output's error is measured."""

    squash: bool
    """A sigmoid on the outputs."""
    loss: int
    """`SQUARED`, `ABSOLUTE` or `HUBER`."""
    bend: float
    """Error at which Huber's loss becomes linear."""


def errors_of(loss: choices.Loss, *, squash: bool) -> Errors:
    """For a recipe's loss. Raises EngineError for one that is not in `LOSSES`."""
    if type(loss) not in LOSSES:
        raise EngineError(f"loss {loss.name} is not compiled; use autograd.")
    return Errors(squash, LOSSES[type(loss)], getattr(loss, "delta", 0.0))


@njit(nogil=True, error_model="numpy", inline="always")
def answer(squash: bool, total: np.float32) -> np.float32:
    """The output that this weighted sum comes to."""
    one = np.float32(1)
    return one / (one + math.exp(-total)) if squash else total


@njit(nogil=True, error_model="numpy", inline="always")
def output_error(errors: Errors, total: np.float32, target: np.float32) -> tuple[np.float32, float, float]:
    """Of one output with this weighted sum: the derivative of its loss by that sum, its loss, its squared error."""
    one, bend = np.float32(1), np.float32(errors.bend)
    y = answer(errors.squash, total)
    error = y - target
    size = abs(error)
    squared = np.float64(error) * np.float64(error)
    if errors.loss == SQUARED or (errors.loss == HUBER and size <= bend):
        loss, delta = 0.5 * squared, error
    elif errors.loss == ABSOLUTE:
        loss, delta = np.float64(size), np.sign(error)
    else:
        loss, delta = np.float64(errors.bend * (size - 0.5 * errors.bend)), bend * np.sign(error)
    return np.float32(delta * y * (one - y) if errors.squash else delta), loss, squared
