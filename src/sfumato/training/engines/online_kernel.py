"""Stochastic gradient descent, one sample at a time: what each thread executes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.barrier import arrive_and_wait
from sfumato.training.engines.compiled_activation import apply
from sfumato.training.engines.memory import matrix, vector
from sfumato.training.engines.online_loops import FASTMATH, combine, combine_update, dots, dots_update, update
from sfumato.training.engines.online_part import Field

# Numba takes plain integers as constants, not members of an enumeration.
_BY_INPUT, _ROWS, _COLUMNS = int(Field.BY_INPUT), int(Field.ROWS), int(Field.COLUMNS)
_EXCHANGE_UP, _EXCHANGE_DOWN = int(Field.EXCHANGE_UP), int(Field.EXCHANGE_DOWN)
_MATRIX, _BIAS, _UNITS, _SUMS = int(Field.MATRIX), int(Field.BIAS), int(Field.UNITS), int(Field.SUMS)
_SLOPES, _VALUES, _DELTAS = int(Field.SLOPES), int(Field.VALUES), int(Field.DELTAS)

SQUARED, ABSOLUTE, HUBER = 0, 1, 2


class Network(NamedTuple):
    """One thread's part of the network, and how it meets the other threads. Addresses are in bytes."""

    part: int
    threads: int
    block: int
    """Address of the part's memory."""
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
    huber: float
    """Error at which Huber's loss becomes linear."""


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _mine(net: Network, meeting: int, count: int) -> NDArray[np.float32]:
    # Where this thread puts its partial sums for the meeting after ``meeting`` earlier ones.
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
def _forward(net: Network, meeting: int) -> int:
    table, layers = net.table, len(net.table)
    x_at = net.block
    for k in range(layers):
        rows, columns = table[k, _ROWS], table[k, _COLUMNS]
        m = matrix(net.block + 4 * table[k, _MATRIX], rows, columns)
        by_input = table[k, _BY_INPUT] != 0
        exchange = table[k, _EXCHANGE_UP] != 0
        count = columns if by_input else rows
        sums_at = net.block + 4 * table[k, _SUMS]
        sums = vector(sums_at, count)
        out = _mine(net, meeting, count) if exchange else sums
        if by_input:
            combine(m, vector(x_at, rows), out)
        else:
            dots(m, vector(x_at, columns), out)
        if exchange:
            if not _meet_and_add(net, meeting, sums):
                return -1
            meeting += 1
        if net.biases:
            bias = vector(net.block + 4 * table[k, _BIAS], count)
            for i in range(count):
                sums[i] += bias[i]
        if k < layers - 1:
            x_at = net.block + 4 * table[k, _VALUES]
            slopes_at = net.block + 4 * table[k, _SLOPES]
            apply(net.activation, sums_at, x_at, slopes_at, table[k, _UNITS], np.float32(net.parameter))
    return meeting


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _backward(net: Network, rates: NDArray[np.float64], factor: float, meeting: int) -> int:
    table, layers = net.table, len(net.table)
    for k in range(layers - 1, -1, -1):
        rows, columns = table[k, _ROWS], table[k, _COLUMNS]
        m = matrix(net.block + 4 * table[k, _MATRIX], rows, columns)
        by_input = table[k, _BY_INPUT] != 0
        exchange = table[k, _EXCHANGE_DOWN] != 0
        rate = np.float32(rates[k] * factor)
        deltas_at = net.block + 4 * table[k, _DELTAS]
        if net.biases:
            deltas = vector(deltas_at, table[k, _UNITS])
            bias = vector(net.block + 4 * table[k, _BIAS], len(deltas))
            for i in range(len(deltas)):
                bias[i] -= rate * deltas[i]
        if k == 0:
            update(m, rate, vector(net.block, rows), vector(deltas_at, columns))
            break
        count = rows if by_input else columns
        x_at = net.block + 4 * table[k - 1, _VALUES]
        passed = vector(net.block + 4 * table[k - 1, _DELTAS], count)
        out = _mine(net, meeting, count) if exchange else passed
        if by_input:
            dots_update(m, vector(deltas_at, columns), out, rate, vector(x_at, rows))
        else:
            combine_update(m, vector(deltas_at, rows), out, rate, vector(x_at, columns))
        if exchange:
            if not _meet_and_add(net, meeting, passed):
                return -1
            meeting += 1
        slopes = vector(net.block + 4 * table[k - 1, _SLOPES], count)
        for i in range(count):
            passed[i] *= slopes[i]
    return meeting


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def _output_error(net: Network, errors: Errors, targets: NDArray[np.float32], pixel: int) -> tuple[float, float]:
    # Fills the last layer's deltas; the sample's loss and squared error.
    last = len(net.table) - 1
    sums = vector(net.block + 4 * net.table[last, _SUMS], net.table[last, _UNITS])
    deltas = vector(net.block + 4 * net.table[last, _DELTAS], len(sums))
    one, bend = np.float32(1), np.float32(errors.huber)
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
            loss += errors.huber * (size - 0.5 * errors.huber)
            delta = bend * np.sign(error)
        deltas[j] = delta * y * (one - y) if errors.squash else delta
    return loss, squared


@njit(cache=True, fastmath=FASTMATH, nogil=True, error_model="numpy")
def train(
    net: Network,
    errors: Errors,
    rates: NDArray[np.float64],
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    pixels: NDArray[np.int64],
    factors: NDArray[np.float64],
) -> tuple[float, float]:
    """One step for each of ``pixels``: the sums of the losses and squared errors, each before its own step.

    ``rates``: every layer's learning rate; ``factors``: every step's factor of it. All threads run this at once, on
    the same samples.
    """
    inputs = vector(net.block, features.shape[1])
    loss, squared = 0.0, 0.0
    meeting = 0
    for step in range(len(pixels)):
        pixel = pixels[step]
        for i in range(len(inputs)):
            inputs[i] = features[pixel, i]
        meeting = _forward(net, meeting)
        if meeting < 0:
            break
        of_loss, of_squared = _output_error(net, errors, targets, pixel)
        loss += of_loss
        squared += of_squared
        meeting = _backward(net, rates, factors[step], meeting)
        if meeting < 0:
            break
    return loss, squared
