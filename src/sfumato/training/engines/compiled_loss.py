"""The loss of one output and its derivative, for compiled loops."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sfumato.errors import EngineError
from sfumato.recipe import choices

MSE, L1, HUBER = 0, 1, 2

LOSSES: dict[type[choices.Loss], int] = {
    choices.MSE: MSE,
    choices.L1: L1,
    choices.Huber: HUBER,
}
"""The compiled losses by the classes of their choices."""


class LossSpec(NamedTuple):
    """The output activation and the loss in the form that compiled code takes."""

    sigmoid_output: bool
    """Whether outputs pass through a sigmoid."""
    loss: int
    """`MSE`, `L1` or `HUBER`."""
    huber_delta: float
    """Error at which the Huber loss becomes linear."""


def loss_spec(loss: choices.Loss, *, sigmoid_output: bool) -> LossSpec:
    """Return the spec of a recipe's loss. Raise EngineError if it is not in `LOSSES`."""
    if type(loss) not in LOSSES:
        raise EngineError(f"loss {loss.name} is not compiled; use autograd.")
    return LossSpec(sigmoid_output, LOSSES[type(loss)], getattr(loss, "delta", 0.0))


@njit(nogil=True, error_model="numpy", inline="always")
def output_of(sigmoid_output: bool, preactivation: np.float32) -> np.float32:
    """Return the output for a preactivation of the last layer."""
    one = np.float32(1)
    return one / (one + math.exp(-preactivation)) if sigmoid_output else preactivation


@njit(nogil=True, error_model="numpy", inline="always")
def output_loss(spec: LossSpec, preactivation: np.float32, target: np.float32) -> tuple[np.float32, float, float]:
    """Return the derivative of one output's loss by its preactivation, its loss, and its squared error."""
    one, huber_delta = np.float32(1), np.float32(spec.huber_delta)
    y = output_of(spec.sigmoid_output, preactivation)
    error = y - target
    size = abs(error)
    squared = np.float64(error) * np.float64(error)
    if spec.loss == MSE or (spec.loss == HUBER and size <= huber_delta):
        loss, grad = 0.5 * squared, error
    elif spec.loss == L1:
        loss, grad = np.float64(size), np.sign(error)
    else:
        loss = np.float64(spec.huber_delta * (size - 0.5 * spec.huber_delta))
        grad = huber_delta * np.sign(error)
    return np.float32(grad * y * (one - y) if spec.sigmoid_output else grad), loss, squared
