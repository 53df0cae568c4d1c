"""FOOF in the fused engine: see `sfumato.training.optimizers.foof` for what it is and where it is from.

A layer's gradient lies as (inputs, outputs), the bias as the last input, so the inverse moments of the inputs stand on
its left. Each thread works on its share of the rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.barrier import LINE
from sfumato.training.engines.fused_layout import Field
from sfumato.training.engines.fused_team import Team
from sfumato.training.engines.fused_update import add_up, share, triangle
from sfumato.training.engines.memory import vector
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.products import multiply, multiply_by_itself

_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _INPUTS, _MOMENTS = int(Field.WEIGHTS), int(Field.INPUTS), int(Field.MOMENTS)


class Foof(NamedTuple):
    """What FOOF remembers. Addresses are in bytes; blocks lie as `Layout` says."""

    rate: float
    momentum: float
    samples: int
    """Inputs of a step whose moments are taken, by all threads together."""
    moments: int
    """Address of the sums of products of inputs: symmetric, so that only what is left of the diagonal counts."""
    inverse: int
    momenta: int
    updates: int
    """Address of a block for what is computed on the way."""


@njit(nogil=True)
def own_samples(foof: Foof, team: Team, held: int) -> int:
    """How many of the samples that a thread's memory holds are looked at."""
    return min(held, -(-foof.samples // team.parts))


@njit(nogil=True)
def collect(foof: Foof, team: Team, table: NDArray[np.int64], layer: int, kept: float) -> None:
    """Add up the gradients, mix them with their past, and add to the moments; of this thread's share of a layer.

    The mixture, with Nesterov's look ahead, takes the place of the first thread's gradients.
    """
    row = table[layer]
    rows, columns = row[_ROWS], row[_COLUMNS]
    begin, end = share(rows, team.part, team.parts)
    place, count = row[_WEIGHTS] + begin * columns, (end - begin) * columns
    first = team.gradients + 4 * place
    gradients = add_up(first, count, team.block_bytes, team.parts, first)
    _mix(gradients, vector(foof.momenta + 4 * place, count), np.float32(foof.momentum))
    begin, end = triangle(rows, team.part, team.parts)
    to = foof.moments + 4 * row[_MOMENTS]
    if kept != 1:
        _scale(vector(to + 4 * begin * rows, (end - begin) * rows), np.float32(kept))
    for part in range(team.parts):
        inputs = team.memory + part * team.memory_bytes + 4 * row[_INPUTS]
        samples = own_samples(foof, team, team.samples[part * LINE])
        multiply_by_itself(begin, end, samples, inputs, rows, to, rows, 1)


@njit(nogil=True)
def _mix(gradients: NDArray[np.float32], momenta: NDArray[np.float32], momentum: np.float32) -> None:
    for i in range(len(gradients)):
        momenta[i] += (np.float32(1) - momentum) * (gradients[i] - momenta[i])
        gradients[i] += momentum * (momenta[i] - gradients[i])


@njit(nogil=True)
def _scale(numbers: NDArray[np.float32], factor: np.float32) -> None:
    for i in range(len(numbers)):
        numbers[i] *= factor


@njit(nogil=True)
def divide(foof: Foof, team: Team, table: NDArray[np.int64], layer: int) -> float:
    """Inverse moments times the mixed gradients: this thread's rows of the update; the sum of their squares."""
    row = table[layer]
    rows, columns = row[_ROWS], row[_COLUMNS]
    begin, end = share(rows, team.part, team.parts)
    left = foof.inverse + 4 * (row[_MOMENTS] + begin * rows)
    right = team.gradients + 4 * row[_WEIGHTS]
    out = foof.updates + 4 * (row[_WEIGHTS] + begin * columns)
    multiply(end - begin, row[_FAN_OUT], row[_FAN_IN] + 1, left, rows, right, columns, out, columns, 0)
    return _sum_of_squares(vector(out, (end - begin) * columns))


@inlined({"reassoc", "contract", "nsz"})
def _sum_of_squares(numbers: NDArray[np.float32]) -> float:
    total = np.float32(0)
    for i in range(len(numbers)):
        total += numbers[i] * numbers[i]
    return np.float64(total)


@njit(nogil=True)
def move(
    foof: Foof, team: Team, table: NDArray[np.int64], layer: int, weights: int, factor: float, squares: float
) -> None:
    """Take the step of this thread's rows; ``squares``: the sum of the squares of the whole layer's update."""
    if not squares > 0:
        # Nothing to do, or not a number: then the weights are not either.
        return
    row = table[layer]
    begin, end = share(row[_ROWS], team.part, team.parts)
    place, count = row[_WEIGHTS] + begin * row[_COLUMNS], (end - begin) * row[_COLUMNS]
    own, update = vector(weights + 4 * place, count), vector(foof.updates + 4 * place, count)
    pace = np.float32(foof.rate * factor * math.sqrt(row[_FAN_OUT]) / math.sqrt(squares))
    for i in range(count):
        own[i] -= pace * update[i]
