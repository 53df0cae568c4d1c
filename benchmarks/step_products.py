"""The matrix products of one mini-batch step alone: the engine's calls on buffers of the engine's layout.

A test compares the sizes here with those of the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray
from thread_group import ThreadGroup

from sfumato.training.engines import barrier
from sfumato.training.kernels.memory import matrix, zeros
from sfumato.training.kernels.products import ROWS, multiply, multiply_transposed
from sfumato.training.kernels.vectors import LANES, round_up

TILE = 128
"""Samples that go through all layers together."""

FAN_IN, FAN_OUT, INPUT_STRIDE, OUTPUT_STRIDE, WEIGHTS, WEIGHTS_T, INPUTS = range(7)
"""Columns of the table; the last three are offsets in units of float32."""


class Products:
    """The products of a network with layers of ``sizes``, inputs first, for ``threads`` threads."""

    def __init__(self, sizes: Sequence[int], batch: int, threads: int) -> None:
        self._group = ThreadGroup(threads)
        self._batch = batch
        self.table = np.zeros((len(sizes) - 1, 7), np.int64)
        weights = weights_t = inputs = 0
        for row, fan_in, fan_out in zip(self.table, sizes, sizes[1:], strict=False):
            rows, columns = round_up(fan_in + 1), round_up(fan_out)
            row[:] = fan_in, fan_out, rows, columns, weights, weights_t, inputs
            weights += rows * columns
            weights_t += rows * columns if inputs else 0
            # As in the engine, the derivatives of an activation are stored after its values.
            inputs += TILE * rows * (2 if inputs else 1)
        self.widest = int(self.table[:, [INPUT_STRIDE, OUTPUT_STRIDE]].max())
        self.memory = inputs + 3 * TILE * self.widest + LANES
        self.parameters = weights
        self._scratch = inputs
        random = np.random.default_rng(0)
        self._weights, self._weights_t = zeros(weights), zeros(weights_t)
        for block in (self._weights, self._weights_t):
            block[:] = random.standard_normal(len(block)) / np.sqrt(max(sizes))
        self._memory, self._gradients = zeros(threads * self.memory), zeros(threads * weights)
        self._memory[:] = random.standard_normal(len(self._memory))
        self._counts = barrier.counters(threads)

    def steps(self, count: int) -> None:
        """Compute the products of ``count`` steps on all threads."""
        barrier.begin(self._counts)
        self._group(
            lambda rank: _steps(
                self.table,
                self._weights.ctypes.data,
                self._weights_t.ctypes.data,
                self._memory.ctypes.data + 4 * rank * self.memory,
                self._scratch,
                self.widest,
                self._gradients.ctypes.data + 4 * rank * self.parameters,
                self._counts.ctypes.data,
                rank,
                self._group.threads,
                self._batch,
                count,
            )
        )


@njit(nogil=True)
def _steps(
    table: NDArray[np.int64],
    weights: int,
    weights_t: int,
    memory: int,
    scratch: int,
    widest: int,
    gradients: int,
    counts: int,
    rank: int,
    threads: int,
    batch: int,
    count: int,
) -> None:
    groups = -(-batch // ROWS)
    assigned = min(groups * (rank + 1) // threads * ROWS, batch) - groups * rank // threads * ROWS
    groups = -(-assigned // ROWS)
    tiles = -(-groups // (TILE // ROWS))
    for step in range(count):
        for tile in range(tiles):
            samples = min(groups * (tile + 1) // tiles * ROWS, assigned) - groups * tile // tiles * ROWS
            _tile(table, weights, weights_t, memory, memory + 4 * scratch, widest, gradients, samples, int(tile > 0))
        # The two barriers of a step: before the gradients are summed, and after the weights are updated.
        barrier.arrive_and_wait(counts, rank, threads, 2 * step + 1)
        barrier.arrive_and_wait(counts, rank, threads, 2 * step + 2)


@njit(nogil=True)
def _tile(
    table: NDArray[np.int64],
    weights: int,
    weights_t: int,
    memory: int,
    scratch: int,
    widest: int,
    gradients: int,
    samples: int,
    add: int,
) -> None:
    last = len(table) - 1
    for k in range(last + 1):
        row = table[k]
        stride = table[k + 1, INPUT_STRIDE] if k < last else row[OUTPUT_STRIDE]
        x, w = memory + 4 * row[INPUTS], weights + 4 * row[WEIGHTS]
        multiply(
            samples, row[FAN_OUT], row[FAN_IN] + 1, x, row[INPUT_STRIDE], w, row[OUTPUT_STRIDE], scratch, stride, 0
        )
    deltas, below = scratch + 4 * TILE * widest, scratch + 8 * TILE * widest
    # Reset the last layer's errors for every tile: repeated products would overflow float32.
    matrix(deltas, samples, table[last, OUTPUT_STRIDE])[:] = np.float32(0.01)
    for k in range(last, -1, -1):
        row = table[k]
        fan_in, fan_out, rows, columns = row[FAN_IN], row[FAN_OUT], row[INPUT_STRIDE], row[OUTPUT_STRIDE]
        stride = table[k + 1, INPUT_STRIDE] if k < last else columns
        x, to = memory + 4 * row[INPUTS], gradients + 4 * row[WEIGHTS]
        multiply_transposed(fan_in + 1, fan_out, samples, x, rows, deltas, stride, to, columns, add)
        if k > 0:
            multiply(samples, fan_in, fan_out, deltas, stride, weights_t + 4 * row[WEIGHTS_T], rows, below, rows, 0)
            deltas, below = below, deltas
