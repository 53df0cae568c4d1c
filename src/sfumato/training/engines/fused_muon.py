"""Muon in the fused engine: see `sfumato.training.optimizers.muon` for what it is and where it is from.

A layer's matrix lies as (inputs, outputs), the transpose of the reference's, and so does what it becomes. Layers are
shared out, whole ones to each thread; those that are left over are computed by all threads together, a share of the
rows each. Products of a matrix with itself are symmetric: half of them is computed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.barrier import LINE
from sfumato.training.engines.fused_layout import Field
from sfumato.training.engines.fused_team import Team, meet, sum_of_numbers
from sfumato.training.engines.fused_update import Rule, add_up, apply_rule, share, triangle
from sfumato.training.engines.memory import matrix, vector
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.products import mirror, multiply, multiply_by_itself
from sfumato.training.kernels.vectors import LANES

_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS = int(Field.WEIGHTS)

SUMS = {"reassoc", "contract", "nsz"}


class Muon(NamedTuple):
    """What Muon remembers. Addresses are in bytes."""

    rate: float
    momentum: float
    nesterov: bool
    iterations: int
    coefficients: tuple[float, float, float]
    """a, b, c of the polynomial a x + b x^3 + c x^5 of singular values."""
    momenta: int
    """Address of the block of momenta; 0 where the optimiser is another."""


@njit(nogil=True)
def gather(
    muon: Muon,
    rule: Rule,
    team: Team,
    table: NDArray[np.int64],
    layer: int,
    weights: int,
    factor: float,
    step: int,
) -> float:
    """Add up the gradients of this thread's rows of a layer and mix them with their past; update the bias.

    The mixture takes the place of the first thread's gradients; returns the sum of its squares.
    """
    row = table[layer]
    inputs, columns = row[_FAN_IN], row[_COLUMNS]
    begin, end = share(row[_ROWS], team.part, team.parts)
    place, count = row[_WEIGHTS] + begin * columns, max(min(end, inputs) - begin, 0) * columns
    first = team.gradients + 4 * place
    directions = add_up(first, count, team.block_bytes, team.parts, first)
    if begin <= inputs < end:
        at = row[_WEIGHTS] + inputs * columns
        total = add_up(team.gradients + 4 * at, columns, team.block_bytes, team.parts, team.gradients + 4 * at)
        apply_rule(rule, layer, at, total, weights, factor, step)
    return _mix(directions, vector(muon.momenta + 4 * place, count), np.float32(muon.momentum), muon.nesterov)


@inlined(SUMS)
def _mix(gradients: NDArray[np.float32], momenta: NDArray[np.float32], momentum: np.float32, nesterov: bool) -> float:
    ahead, total = momentum if nesterov else np.float32(1), np.float32(0)
    for i in range(len(gradients)):
        momenta[i] += (np.float32(1) - momentum) * (gradients[i] - momenta[i])
        direction = gradients[i] + ahead * (momenta[i] - gradients[i])
        gradients[i] = direction
        total += direction * direction
    return np.float64(total)


@njit(nogil=True)
def orthogonalise(
    muon: Muon, team: Team, table: NDArray[np.int64], layer: int, alone: bool, room: int, meeting: int
) -> tuple[int, int]:
    """Make a layer's mixed gradients orthogonal, in memory at ``room``, of a size that `Layout` knows.

    Alone or with all other threads. Returns the address of what came of it, see `move`, and the number of the next
    meeting, or -1: give up.
    """
    row = table[layer]
    part, parts = (0, 1) if alone else (team.part, team.parts)
    tall, short = max(row[_FAN_IN], row[_FAN_OUT]), min(row[_FAN_IN], row[_FAN_OUT])
    rows, columns = -(-tall // LANES) * LANES, -(-short // LANES) * LANES
    now, new = room, room + 4 * rows * columns
    gram, square = new + 4 * rows * columns, new + 4 * (rows + columns) * columns
    begin, end = share(rows, part, parts)
    first, last = triangle(columns, part, parts)
    scale = np.float32(1 / math.sqrt(sum_of_numbers(team, layer)))
    _take(table, layer, team.gradients + 4 * row[_WEIGHTS], matrix(now, rows, columns), begin, end, scale)
    for number in range(muon.iterations):
        if not alone:
            meeting = meet(team, meeting)
            if meeting < 0:
                break
        multiply_by_itself(first, last, tall, now, columns, gram, columns, 0)
        mirror(first, last, gram, columns)
        if not alone:
            meeting = meet(team, meeting)
            if meeting < 0:
                break
        multiply_by_itself(first, last, short, gram, columns, square, columns, 0)
        size = 1.0
        if number == 0:
            squares = _sum_of_squares(matrix(square, columns, columns), first, last)
            if not alone:
                team.numbers[layer, part * LINE] = squares
                meeting = meet(team, meeting)
                if meeting < 0:
                    break
                squares = sum_of_numbers(team, layer)
            size = math.sqrt(math.sqrt(math.sqrt(squares)))
        a, b, c = muon.coefficients
        _combine(
            matrix(square, columns, columns),
            matrix(gram, columns, columns),
            first,
            last,
            short,
            (np.float32(a / size), np.float32(b / size**3), np.float32(c / size**5)),
        )
        mirror(first, last, square, columns)
        if not alone:
            meeting = meet(team, meeting)
            if meeting < 0:
                break
        multiply(
            end - begin,
            short,
            short,
            now + 4 * begin * columns,
            columns,
            square,
            columns,
            new + 4 * begin * columns,
            columns,
            0,
        )
        now, new = new, now
    if not alone and meeting >= 0:
        meeting = meet(team, meeting)
    return now, meeting


@njit(nogil=True)
def _take(
    table: NDArray[np.int64],
    layer: int,
    source: int,
    target: NDArray[np.float32],
    begin: int,
    end: int,
    scale: np.float32,
) -> None:
    """Copy a layer's matrix, times ``scale``, to some rows of one that is not wider than tall, filled up with zeros."""
    row = table[layer]
    given = matrix(source, row[_ROWS], row[_COLUMNS])
    inputs, outputs = row[_FAN_IN], row[_FAN_OUT]
    target[begin:end] = np.float32(0)
    if inputs >= outputs:
        for i in range(begin, min(end, inputs)):
            for j in range(outputs):
                target[i, j] = scale * given[i, j]
    else:
        for j in range(begin, min(end, outputs)):
            for i in range(inputs):
                target[j, i] = scale * given[i, j]


@inlined(SUMS)
def _sum_of_squares(square: NDArray[np.float32], first: int, last: int) -> float:
    """Of some rows of a symmetric matrix, what is right of the diagonal's blocks counted too."""
    total = 0.0
    for i in range(first, last):
        left, middle = np.float32(0), np.float32(0)
        block = i // LANES * LANES
        for j in range(block):
            left += square[i, j] * square[i, j]
        for j in range(block, block + LANES):
            middle += square[i, j] * square[i, j]
        total += 2 * np.float64(left) + np.float64(middle)
    return total


@inlined(SUMS)
def _combine(
    square: NDArray[np.float32],
    gram: NDArray[np.float32],
    first: int,
    last: int,
    units: int,
    polynomial: tuple[np.float32, np.float32, np.float32],
) -> None:
    a, b, c = polynomial
    for i in range(first, last):
        for j in range(i // LANES * LANES + LANES):
            square[i, j] = c * square[i, j] + b * gram[i, j]
        if i < units:
            square[i, i] += a


@njit(nogil=True)
def move(
    muon: Muon, table: NDArray[np.int64], layer: int, update: int, weights: int, factor: float, begin: int, end: int
) -> None:
    """Take the step of some rows of a layer; ``update``: address of what `orthogonalise` has made."""
    row = table[layer]
    inputs, outputs = row[_FAN_IN], row[_FAN_OUT]
    own = matrix(weights + 4 * row[_WEIGHTS], row[_ROWS], row[_COLUMNS])
    pace = np.float32(muon.rate * factor * math.sqrt(max(1.0, outputs / inputs)))
    if inputs >= outputs:
        columns = -(-outputs // LANES) * LANES
        step = matrix(update, -(-inputs // LANES) * LANES, columns)
        for i in range(begin, min(end, inputs)):
            for j in range(outputs):
                own[i, j] -= pace * step[i, j]
    else:
        step = matrix(update, -(-outputs // LANES) * LANES, -(-inputs // LANES) * LANES)
        for i in range(begin, min(end, inputs)):
            for j in range(outputs):
                own[i, j] -= pace * step[j, i]
