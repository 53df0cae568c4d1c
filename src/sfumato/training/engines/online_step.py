"""One step of stochastic gradient descent with one sample, as each thread executes it.

Reading the weights from the second-level cache and writing them back is what takes the time. They are therefore
written in every second step only: the first of two steps keeps its update as the two vectors whose product it is,
and corrects the products with the matrix that lacks it, (W - a b^T) x = W x - a (b . x). The second step then writes
both updates in the pass that it makes anyway. Every sample still sees the weights that all samples before it left.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.barrier import arrive_and_wait
from sfumato.training.engines.compiled_activation import apply
from sfumato.training.engines.memory import matrix, vector
from sfumato.training.engines.online_loops import (
    FASTMATH,
    combine,
    combine_update,
    dots,
    dots_update,
    subtract_product,
    update,
)
from sfumato.training.engines.online_part import Field

# Numba takes plain integers as constants, not members of an enumeration.
_BY_INPUT, _ROWS, _COLUMNS = int(Field.BY_INPUT), int(Field.ROWS), int(Field.COLUMNS)
_EXCHANGE_UP, _EXCHANGE_DOWN = int(Field.EXCHANGE_UP), int(Field.EXCHANGE_DOWN)
_MATRIX, _BIAS, _UNITS, _SUMS = int(Field.MATRIX), int(Field.BIAS), int(Field.UNITS), int(Field.SUMS)
_SLOPES, _VALUES, _DELTAS = int(Field.SLOPES), int(Field.VALUES), int(Field.DELTAS)
_LAST_STEPS, _LAST_INPUTS = int(Field.LAST_STEPS), int(Field.LAST_INPUTS)

SQUARED, ABSOLUTE, HUBER = 0, 1, 2


class Network(NamedTuple):
    """One thread's part of the network, and how it meets the other threads. Addresses are in bytes."""

    part: int
    threads: int
    block: int
    """Address of the part's memory, which begins with the sample's inputs."""
    table: NDArray[np.int64]
    """(layers, fields) of `Part`."""
    counts: NDArray[np.int64]
    """The barrier's counters."""
    exchange: int
    """Address of (2, threads, width) float32. The halves are used in turn: one may still be read by another thread."""
    width: int
    activation: int
    """Address of the activation's compiled loop."""
    parameter: float
    biases: bool


class Errors(NamedTuple):
    """How the output's error is measured."""

    squash: bool
    """A sigmoid on the outputs."""
    loss: int
    """`SQUARED`, `ABSOLUTE` or `HUBER`."""
    bend: float
    """Error at which Huber's loss becomes linear."""


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _at(net: Network, layer: int, field: int) -> int:
    return net.block + 4 * net.table[layer, field]


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _inputs(net: Network, layer: int) -> int:
    return net.block if layer == 0 else _at(net, layer - 1, _VALUES)


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _mine(net: Network, meeting: int, count: int) -> NDArray[np.float32]:
    # Where this thread leaves its partial sums for the meeting after ``meeting`` earlier ones.
    return vector(net.exchange + 4 * net.width * ((meeting & 1) * net.threads + net.part), count)


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _meet_and_add(net: Network, meeting: int, out: NDArray[np.float32]) -> bool:
    if not arrive_and_wait(net.counts, net.part, net.threads, meeting + 1):
        return False
    first = net.exchange + 4 * net.width * (meeting & 1) * net.threads
    out[:] = vector(first, len(out))
    for part in range(1, net.threads):
        partial = vector(first + 4 * net.width * part, len(out))
        for i in range(len(out)):
            out[i] += partial[i]
    return True


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def forward(net: Network, lacking: bool, meeting: int) -> int:
    """Fill the sums, values and slopes of all layers from the inputs that lie at the block's start.

    ``lacking``: the matrices lack the last step's update. Returns how many meetings there were so far, -1: give up.
    """
    layers = len(net.table)
    for k in range(layers):
        rows, columns = net.table[k, _ROWS], net.table[k, _COLUMNS]
        m = matrix(_at(net, k, _MATRIX), rows, columns)
        by_input = net.table[k, _BY_INPUT] != 0
        fan_in, fan_out = (rows, columns) if by_input else (columns, rows)
        inputs, sums = vector(_inputs(net, k), fan_in), vector(_at(net, k, _SUMS), fan_out)
        exchange = net.table[k, _EXCHANGE_UP] != 0
        out = _mine(net, meeting, fan_out) if exchange else sums
        if by_input:
            combine(m, inputs, out)
        else:
            dots(m, inputs, out)
        if lacking and k > 0:
            last_steps, last_inputs = (
                vector(_at(net, k, _LAST_STEPS), fan_out),
                vector(_at(net, k, _LAST_INPUTS), fan_in),
            )
            subtract_product(out, last_steps, last_inputs, inputs)
        if exchange:
            if not _meet_and_add(net, meeting, sums):
                return -1
            meeting += 1
        if net.biases:
            bias = vector(_at(net, k, _BIAS), fan_out)
            for i in range(fan_out):
                sums[i] += bias[i]
        if k < layers - 1:
            values, slopes = _at(net, k, _VALUES), _at(net, k, _SLOPES)
            apply(net.activation, _at(net, k, _SUMS), values, slopes, net.table[k, _UNITS], np.float32(net.parameter))
    return meeting


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def backward(net: Network, rates: NDArray[np.float64], factor: float, lacking: bool, meeting: int) -> int:
    """Pass the last layer's deltas down, each layer by the weights it had in `forward`, and update all weights.

    ``rates``: every layer's learning rate; ``factor``: this step's factor of it. Returns as `forward`.
    """
    for k in range(len(net.table) - 1, -1, -1):
        rows, columns = net.table[k, _ROWS], net.table[k, _COLUMNS]
        m = matrix(_at(net, k, _MATRIX), rows, columns)
        by_input = net.table[k, _BY_INPUT] != 0
        fan_in, fan_out = (rows, columns) if by_input else (columns, rows)
        inputs, deltas = vector(_inputs(net, k), fan_in), vector(_at(net, k, _DELTAS), fan_out)
        rate = np.float32(rates[k] * factor)
        if net.biases:
            bias = vector(_at(net, k, _BIAS), fan_out)
            for i in range(fan_out):
                bias[i] -= rate * deltas[i]
        if k == 0:
            # The table makes layer 0 by input.
            update(m, rate, inputs, deltas)
            break
        passed = vector(_at(net, k - 1, _DELTAS), fan_in)
        last_steps, last_inputs = vector(_at(net, k, _LAST_STEPS), fan_out), vector(_at(net, k, _LAST_INPUTS), fan_in)
        exchange = net.table[k, _EXCHANGE_DOWN] != 0
        out = _mine(net, meeting, fan_in) if exchange else passed
        if lacking:
            if by_input:
                dots_update(m, deltas, out, rate, inputs, last_inputs, last_steps)
            else:
                combine_update(m, deltas, out, rate, inputs, last_steps, last_inputs)
            subtract_product(out, last_inputs, last_steps, deltas)
        else:
            if by_input:
                dots(m, deltas, out)
            else:
                combine(m, deltas, out)
            last_inputs[:] = inputs
            for i in range(fan_out):
                last_steps[i] = rate * deltas[i]
        if exchange:
            if not _meet_and_add(net, meeting, passed):
                return -1
            meeting += 1
        slopes = vector(_at(net, k - 1, _SLOPES), fan_in)
        for i in range(fan_in):
            passed[i] *= slopes[i]
    return meeting


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def output_error(net: Network, errors: Errors, targets: NDArray[np.float32], pixel: int) -> tuple[float, float]:
    """Fill the last layer's deltas; returns the sample's loss and squared error."""
    last = len(net.table) - 1
    sums = vector(_at(net, last, _SUMS), net.table[last, _UNITS])
    deltas = vector(_at(net, last, _DELTAS), len(sums))
    one, bend = np.float32(1), np.float32(errors.bend)
    loss, squared = 0.0, 0.0
    for j in range(len(sums)):
        y = one / (one + math.exp(-sums[j])) if errors.squash else sums[j]
        error = y - targets[pixel, j]
        size = abs(error)
        squared += np.float64(error) * np.float64(error)
        delta = error
        if errors.loss == SQUARED or (errors.loss == HUBER and size <= bend):
            loss += 0.5 * np.float64(error) * np.float64(error)
        elif errors.loss == ABSOLUTE:
            loss += size
            delta = np.sign(error)
        else:
            loss += errors.bend * (size - 0.5 * errors.bend)
            delta = bend * np.sign(error)
        deltas[j] = delta * y * (one - y) if errors.squash else delta
    return loss, squared
