"""The matrix products of one mini-batch step and nothing else: the engine's calls on buffers laid out as its are.

A test holds the sizes here to those of the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray
from thread_group import Together

from sfumato.training.engines import barrier
from sfumato.training.engines.memory import matrix, zeros
from sfumato.training.kernels.micro_kernel import ROWS
from sfumato.training.kernels.products import multiply, multiply_transposed
from sfumato.training.kernels.vectors import round_up

TILE = 128
"""Samples that go through all layers together."""

FAN_IN, FAN_OUT, INPUTS_APART, OUTPUTS_APART, WEIGHTS, TURNED, INPUTS = range(7)
"""Columns of the table; the last three are places, counted in float32."""


class Products:
    """Of a network with layers of ``sizes``, inputs first, for ``threads`` threads."""

    def __init__(self, sizes: Sequence[int], batch: int, threads: int) -> None:
        self._together = Together(threads)
        self._batch = batch
        self.table = np.zeros((len(sizes) - 1, 7), np.int64)
        weights = turned = inputs = 0
        for row, fan_in, fan_out in zip(self.table, sizes, sizes[1:], strict=False):
            rows, columns = round_up(fan_in + 1), round_up(fan_out)
            row[:] = fan_in, fan_out, rows, columns, weights, turned, inputs
            weights += rows * columns
            turned += rows * columns if inputs else 0
            # As in the engine, the derivatives of an activation lie behind its values.
            inputs += TILE * rows * (2 if inputs else 1)
        self.widest = int(self.table[:, [INPUTS_APART, OUTPUTS_APART]].max())
        self.memory = inputs + 3 * TILE * self.widest
        self.parameters = weights
        self._scratch = inputs
        random = np.random.default_rng(0)
        self._weights, self._turned = zeros(weights), zeros(turned)
        for block in (self._weights, self._turned):
            block[:] = random.standard_normal(len(block)) / np.sqrt(max(sizes))
        self._memory, self._gradients = zeros(threads * self.memory), zeros(threads * weights)
        self._memory[:] = random.standard_normal(len(self._memory))
        self._counts = barrier.counters(threads)

    def steps(self, count: int) -> None:
        """The products of so many steps, on all threads."""
        barrier.begin(self._counts)
        self._together(
            lambda part: _steps(
                self.table,
                self._weights.ctypes.data,
                self._turned.ctypes.data,
                self._memory.ctypes.data + 4 * part * self.memory,
                self._scratch,
                self.widest,
                self._gradients.ctypes.data + 4 * part * self.parameters,
                self._counts.ctypes.data,
                part,
                self._together.threads,
                self._batch,
                count,
            )
        )


@njit(nogil=True)
def _steps(
    table: NDArray[np.int64],
    weights: int,
    turned: int,
    memory: int,
    scratch: int,
    widest: int,
    gradients: int,
    counts: int,
    part: int,
    parts: int,
    batch: int,
    count: int,
) -> None:
    groups = -(-batch // ROWS)
    own = min(groups * (part + 1) // parts * ROWS, batch) - groups * part // parts * ROWS
    groups = -(-own // ROWS)
    tiles = -(-groups // (TILE // ROWS))
    for step in range(count):
        for tile in range(tiles):
            samples = min(groups * (tile + 1) // tiles * ROWS, own) - groups * tile // tiles * ROWS
            _tile(table, weights, turned, memory, memory + 4 * scratch, widest, gradients, samples, int(tile > 0))
        # The step's two meetings: before the gradients are added up, and after the weights are new.
        barrier.arrive_and_wait(counts, part, parts, 2 * step + 1)
        barrier.arrive_and_wait(counts, part, parts, 2 * step + 2)


@njit(nogil=True)
def _tile(
    table: NDArray[np.int64],
    weights: int,
    turned: int,
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
        apart = table[k + 1, INPUTS_APART] if k < last else row[OUTPUTS_APART]
        x, w = memory + 4 * row[INPUTS], weights + 4 * row[WEIGHTS]
        multiply(samples, row[FAN_OUT], row[FAN_IN] + 1, x, row[INPUTS_APART], w, row[OUTPUTS_APART], scratch, apart, 0)
    deltas, below = scratch + 4 * TILE * widest, scratch + 8 * TILE * widest
    # The last layer's errors anew for every tile: products of products would leave the range of float32.
    matrix(deltas, samples, table[last, OUTPUTS_APART])[:] = np.float32(0.01)
    for k in range(last, -1, -1):
        row = table[k]
        fan_in, fan_out, rows, columns = row[FAN_IN], row[FAN_OUT], row[INPUTS_APART], row[OUTPUTS_APART]
        apart = table[k + 1, INPUTS_APART] if k < last else columns
        x, to = memory + 4 * row[INPUTS], gradients + 4 * row[WEIGHTS]
        multiply_transposed(fan_in + 1, fan_out, samples, x, rows, deltas, apart, to, columns, add)
        if k > 0:
            multiply(samples, fan_in, fan_out, deltas, apart, turned + 4 * row[TURNED], rows, below, rows, 0)
            deltas, below = below, deltas
