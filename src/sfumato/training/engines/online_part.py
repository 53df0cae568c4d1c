"""A thread's part of a network, laid out in one block of memory for the compiled training loop.

Hidden units are divided between threads. A thread keeps the weights *into* its units of every even layer and *out of*
its units of every odd layer (Megatron-LM's division of a network, Shoeybi et al. 2019), so each thread goes through
two layers on its own before sums must be exchanged: forwards after each odd layer, backwards after each even layer
but the first. A last layer that is even is small and kept whole by every thread. All weights of a thread stay in the
second-level cache of its core.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LANES = 16
ROWS = 4


class Field(enum.IntEnum):
    """Columns of a part's table: one row a layer, places counted in float32 from the start of the block."""

    BY_INPUT = 0
    """1: a row of the matrix holds the weights out of one input; 0: those into one output."""
    ROWS = enum.auto()
    COLUMNS = enum.auto()
    EXCHANGE_UP = enum.auto()
    """1: its sums are partial until all threads' are added."""
    EXCHANGE_DOWN = enum.auto()
    """1: what it passes down is partial until all threads' are added."""
    MATRIX = enum.auto()
    BIAS = enum.auto()
    UNITS = enum.auto()
    """How many outputs of this layer this thread knows, without filling up."""
    SUMS = enum.auto()
    SLOPES = enum.auto()
    VALUES = enum.auto()
    """The layer's outputs, which are the next layer's inputs."""
    DELTAS = enum.auto()


def up(count: int, multiple: int) -> int:
    """``count`` rounded up."""
    return -(-count // multiple) * multiple


class Part:
    """The block and the table of one thread.

    ``sizes``: units of every layer, the inputs first and the outputs last; ``part``: which of the ``threads``.
    """

    def __init__(self, sizes: Sequence[int], part: int, threads: int) -> None:
        layers = len(sizes) - 1
        self._own: list[tuple[slice, slice]] = []
        self.table = np.zeros((layers, len(Field)), np.int64)
        self._end = 0
        self.inputs_at = self._reserve(up(sizes[0], LANES))
        for layer in range(layers):
            self._plan(layer, sizes, part, threads)
        # Blocks of at least 4 MiB get huge pages from NumPy: neighbours in memory are then neighbours in the cache.
        count = self._end + LANES
        block = np.empty(max(count, 1 << 20) if count > 1 << 14 else count, np.float32)
        block.fill(0)
        first = -block.ctypes.data % 64 // 4
        self.block = block[first : first + self._end]

    @property
    def address(self) -> int:
        """Where the block lies."""
        return self.block.ctypes.data

    def _reserve(self, count: int) -> int:
        place = self._end
        self._end += up(count, LANES)
        return place

    def _plan(self, layer: int, sizes: Sequence[int], part: int, threads: int) -> None:
        last = len(sizes) - 2
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        by_input, inputs, outputs = layer % 2 == 1 or layer == 0, slice(0, fan_in), slice(0, fan_out)
        if layer % 2 == 1:
            inputs = _share(fan_in, part, threads)
        elif layer < last:
            outputs = _share(fan_out, part, threads)
        self._own.append((outputs, inputs))
        own_in, own_out = inputs.stop - inputs.start, outputs.stop - outputs.start
        rows, columns = (own_in, own_out) if by_input else (own_out, own_in)
        row = self.table[layer]
        row[Field.BY_INPUT] = by_input
        row[Field.ROWS], row[Field.COLUMNS] = up(rows, ROWS), up(columns, LANES)
        row[Field.EXCHANGE_UP] = threads > 1 and layer % 2 == 1
        row[Field.EXCHANGE_DOWN] = threads > 1 and layer % 2 == 0 and 0 < layer < last
        row[Field.UNITS] = own_out
        row[Field.MATRIX] = self._reserve(up(rows, ROWS) * up(columns, LANES))
        for field in (Field.BIAS, Field.SUMS, Field.SLOPES, Field.VALUES, Field.DELTAS):
            row[field] = self._reserve(own_out)

    def _matrix(self, layer: int) -> NDArray[np.float32]:
        # (outputs, inputs) of this part, as a view.
        row = self.table[layer]
        first, rows, columns = row[Field.MATRIX], row[Field.ROWS], row[Field.COLUMNS]
        matrix = self.block[first : first + rows * columns].reshape(rows, columns)
        matrix = matrix.T if row[Field.BY_INPUT] else matrix
        outputs, inputs = self._own[layer]
        return matrix[: outputs.stop - outputs.start, : inputs.stop - inputs.start]

    def _bias(self, layer: int) -> NDArray[np.float32]:
        first = self.table[layer, Field.BIAS]
        return self.block[first : first + self.table[layer, Field.UNITS]]

    def put(self, layer: int, weight: NDArray[np.floating], bias: NDArray[np.floating] | None) -> None:
        """Take this part's share of a layer's weight (fan_out, fan_in) and bias (fan_out,)."""
        outputs, inputs = self._own[layer]
        self._matrix(layer)[:] = weight[outputs, inputs]
        if bias is not None:
            self._bias(layer)[:] = bias[outputs]

    def get(self, layer: int, weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        """Write this part's share into the whole weight and bias."""
        outputs, inputs = self._own[layer]
        weight[outputs, inputs] = self._matrix(layer)
        if bias is not None:
            bias[outputs] = self._bias(layer)


def _share(units: int, part: int, threads: int) -> slice:
    # Multiples of 4 need no rows of zeros.
    groups = -(-units // ROWS)
    return slice(
        min(units, groups * part // threads * ROWS),
        min(units, groups * (part + 1) // threads * ROWS),
    )
