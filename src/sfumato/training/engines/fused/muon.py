"""Muon in the fused engine; `sfumato.training.optimizers.muon` describes the algorithm and its source.

A layer's matrix and its update are stored as (inputs, outputs), the transpose of the reference's. Each thread gets the
same number of whole layers; the layers that remain are computed by all threads together, a share of the rows each.
Products of a matrix with itself are symmetric, so half of them is computed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.fused.adam import adam_rule
from sfumato.training.engines.fused.forward_backward import Network, layer_table
from sfumato.training.engines.fused.layout import Field, Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Preconditioner
from sfumato.training.engines.fused.reduction import reduce_gradients_in_place, share, triangle_share
from sfumato.training.engines.fused.thread_context import (
    ThreadContext,
    barrier_wait,
    set_partial_sum,
    total_of_partial_sums,
)
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.memory import matrix, vector
from sfumato.training.kernels.products import mirror, multiply, multiply_by_itself
from sfumato.training.kernels.vectors import LANES, round_up
from sfumato.training.optimizers.muon import COEFFICIENTS

_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS = int(Field.WEIGHTS)
_OF_GRADIENTS, _OF_SQUARE = 0, 1
"""Slots of the threads' partial sums."""

SUMS = {"reassoc", "contract", "nsz"}


class Muon(NamedTuple):
    """Numbers, and the address of the momenta."""

    lr: float
    momentum: float
    nesterov: float
    """Not 0: Nesterov momentum."""
    iterations: float
    tight: float
    """Not 0: matrices are divided by their Schatten 8-norm, else by their Frobenius norm."""
    a: float
    """Coefficients of the polynomial a x + b x^3 + c x^5 of singular values."""
    b: float
    c: float
    momenta: int


def accumulate(net: Network, thread: ThreadContext, fields: Muon, layer: int, step: int) -> None:
    """Replace gradients by their running mean, and sum its squares; biases are left unchanged."""
    row = layer_table(net)[layer]
    begin, end = share(row[_ROWS], thread.rank, thread.threads)
    position, count = row[_WEIGHTS] + begin * row[_COLUMNS], max(min(end, row[_FAN_IN]) - begin, 0) * row[_COLUMNS]
    directions = reduce_gradients_in_place(thread, position, count)
    momenta = vector(fields.momenta + 4 * position, count)
    set_partial_sum(
        thread, layer, _OF_GRADIENTS, _mix(directions, momenta, np.float32(fields.momentum), fields.nesterov != 0)
    )


@inlined(SUMS)
def _mix(gradients: NDArray[np.float32], momenta: NDArray[np.float32], momentum: np.float32, nesterov: bool) -> float:
    ahead, total = momentum if nesterov else np.float32(1), np.float32(0)
    for i in range(len(gradients)):
        momenta[i] += (np.float32(1) - momentum) * (gradients[i] - momenta[i])
        direction = gradients[i] + ahead * (momenta[i] - gradients[i])
        gradients[i] = direction
        total += direction * direction
    return np.float64(total)


def precondition(net: Network, thread: ThreadContext, fields: Muon, step: int, phase: int) -> int:
    """Orthogonalize every hidden layer's averaged gradients, in place of the first thread's gradients."""
    hidden = net.layers - 2
    # Equally many whole layers per thread; then the rest by all threads, in the first thread's work space.
    whole = hidden - hidden % thread.threads
    for layer in range(1, hidden + 1):
        alone = layer <= whole
        if alone and (layer - 1) % thread.threads != thread.rank:
            continue
        if not alone:
            phase = barrier_wait(thread, phase)
            if phase < 0:
                return phase
        # Else all gradients are 0, or there are NaNs, and then the weights are NaN too.
        if total_of_partial_sums(thread, layer, _OF_GRADIENTS) > 0:
            phase = _orthogonalize(net, thread, fields, layer, alone, phase)
            if phase < 0:
                return phase
    return phase


@njit(nogil=True)
def _orthogonalize(net: Network, thread: ThreadContext, fields: Muon, layer: int, alone: bool, phase: int) -> int:
    """Orthogonalize a layer's matrix in this thread alone, or in all threads; return the next phase, or -1."""
    row = layer_table(net)[layer]
    rank, threads = (0, 1) if alone else (thread.rank, thread.threads)
    work = thread.work + (thread.rank * thread.work_stride if alone else 0)
    tall, short = max(row[_FAN_IN], row[_FAN_OUT]), min(row[_FAN_IN], row[_FAN_OUT])
    rows, columns = -(-tall // LANES) * LANES, -(-short // LANES) * LANES
    now, new = work, work + 4 * rows * columns
    gram, square = new + 4 * rows * columns, new + 4 * (rows + columns) * columns
    begin, end = share(rows, rank, threads)
    first, last = triangle_share(columns, rank, threads)
    scale = np.float32(1 / math.sqrt(total_of_partial_sums(thread, layer, _OF_GRADIENTS)))
    gradients = matrix(thread.gradients + 4 * row[_WEIGHTS], row[_ROWS], row[_COLUMNS])
    inputs, outputs = row[_FAN_IN], row[_FAN_OUT]
    _copy_scaled(gradients, inputs, outputs, matrix(now, rows, columns), begin, end, scale)
    for number in range(int(fields.iterations)):
        if not alone:
            phase = barrier_wait(thread, phase)
            if phase < 0:
                return phase
        multiply_by_itself(first, last, tall, now, columns, gram, columns, 0)
        mirror(first, last, gram, columns)
        if not alone:
            phase = barrier_wait(thread, phase)
            if phase < 0:
                return phase
        multiply_by_itself(first, last, short, gram, columns, square, columns, 0)
        size = 1.0
        if number == 0 and fields.tight != 0:
            squares = _sum_of_squares(matrix(square, columns, columns), first, last)
            if not alone:
                set_partial_sum(thread, layer, _OF_SQUARE, squares)
                phase = barrier_wait(thread, phase)
                if phase < 0:
                    return phase
                squares = total_of_partial_sums(thread, layer, _OF_SQUARE)
            size = math.sqrt(math.sqrt(math.sqrt(squares)))
        _combine(
            matrix(square, columns, columns),
            matrix(gram, columns, columns),
            first,
            last,
            short,
            (np.float32(fields.a / size), np.float32(fields.b / size**3), np.float32(fields.c / size**5)),
        )
        mirror(first, last, square, columns)
        if not alone:
            phase = barrier_wait(thread, phase)
            if phase < 0:
                return phase
        left, out = now + 4 * begin * columns, new + 4 * begin * columns
        multiply(end - begin, short, short, left, columns, square, columns, out, columns, 0)
        now, new = new, now
    if not alone:
        phase = barrier_wait(thread, phase)
        if phase < 0:
            return phase
    begin, end = share(row[_ROWS], rank, threads)
    _copy_back(matrix(now, rows, columns), gradients, inputs, outputs, begin, min(end, inputs))
    return phase


@njit(nogil=True)
def _copy_scaled(
    gradients: NDArray[np.float32],
    inputs: int,
    outputs: int,
    target: NDArray[np.float32],
    begin: int,
    end: int,
    scale: np.float32,
) -> None:
    """Copy a layer's matrix, times ``scale``, to some rows of ``target``: not wider than tall, padded with zeros."""
    target[begin:end] = np.float32(0)
    if inputs >= outputs:
        for i in range(begin, min(end, inputs)):
            for j in range(outputs):
                target[i, j] = scale * gradients[i, j]
    else:
        for j in range(begin, min(end, outputs)):
            for i in range(inputs):
                target[j, i] = scale * gradients[i, j]


@njit(nogil=True)
def _copy_back(
    source: NDArray[np.float32], gradients: NDArray[np.float32], inputs: int, outputs: int, begin: int, end: int
) -> None:
    """Copy some rows of a layer's matrix back from ``source``, which is not wider than tall."""
    if inputs >= outputs:
        for i in range(begin, end):
            for j in range(outputs):
                gradients[i, j] = source[i, j]
    else:
        for i in range(begin, end):
            for j in range(outputs):
                gradients[i, j] = source[j, i]


@inlined(SUMS)
def _sum_of_squares(square: NDArray[np.float32], first: int, last: int) -> float:
    """Return the sum over some rows of a symmetric matrix and over the columns that mirror them."""
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


def apply_update(net: Network, thread: ThreadContext, fields: Muon, layer: int, lr_factor: float) -> None:
    """Update the weights with the orthogonal matrix in place of the first thread's gradients."""
    if not total_of_partial_sums(thread, layer, _OF_GRADIENTS) > 0:
        return
    row = layer_table(net)[layer]
    inputs, outputs = row[_FAN_IN], row[_FAN_OUT]
    weights = matrix(net.trained + 4 * row[_WEIGHTS], row[_ROWS], row[_COLUMNS])
    updates = matrix(thread.gradients + 4 * row[_WEIGHTS], row[_ROWS], row[_COLUMNS])
    rate = np.float32(fields.lr * lr_factor * math.sqrt(max(1.0, outputs / inputs)))
    begin, end = share(row[_ROWS], thread.rank, thread.threads)
    for i in range(begin, min(end, inputs)):
        for j in range(outputs):
            weights[i, j] -= rate * updates[i, j]


def build(choice: choices.Muon, layout: Layout) -> CompiledOptimizer:
    """Return Muon for the hidden matrices at ``lr``, and Adam for all other parameters."""
    work = 0
    for layer in layout.hidden_layers:
        fan_in, fan_out = (int(layout.table[layer, at]) for at in (Field.FAN_IN, Field.FAN_OUT))
        tall, short = round_up(max(fan_in, fan_out)), round_up(min(fan_in, fan_out))
        work = max(work, 2 * (tall + short) * short)
    hidden = Preconditioner(
        fields=Muon,
        accumulate=accumulate,
        precondition=precondition,
        apply_update=apply_update,
        preconditions_biases=False,
        parameters=(
            choice.lr,
            choice.momentum,
            float(choice.nesterov),
            choice.ns_steps,
            float(choice.norm == "schatten8"),
            *COEFFICIENTS,
        ),
        state={"momenta": layout.parameters},
        work=work,
    )
    return CompiledOptimizer(adam_rule(choice.adam_lr, choice.adam_beta2, eps=choice.adam_eps), hidden)
