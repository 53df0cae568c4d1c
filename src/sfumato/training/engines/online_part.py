"""A thread's part of a network, laid out in one block of memory for the compiled training loop.

Hidden units are divided between threads. A thread keeps the weights *into* its units of every even layer and *out of*
its units of every odd layer (Megatron-LM's division of a network, Shoeybi et al. 2019), so each thread goes through
two layers on its own before partial sums must be added: forwards after each odd layer, backwards after each even
layer but the first. A last layer that is even is small and kept whole by every thread. All weights of a thread stay
in the second-level cache of its core.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines.memory import zeros
from sfumato.training.engines.online_loops import RANK, ROWS
from sfumato.training.engines.vector_code import LANES

WORTH_A_MEETING = 8_000
"""Weights that a thread must have between two meetings of the threads, lest they wait longer than they work.

On two neighboring cores of a Zen 5 EPYC two threads took the time of one with 2,700 and two thirds of it with 8,300
(width 128). Cores may be further apart: when the same machine's were, a meeting took four times as long.
"""


def useful_threads(sizes: Sequence[int], threads: int) -> int:
    """How many of ``threads`` a network with these ``sizes`` uses: as many as have enough to do between meetings."""
    layers = len(sizes) - 1
    meetings = sum(1 for layer in range(1, layers) if layer % 2 == 1 or layer < layers - 1)
    weights = sum(fan_in * fan_out for fan_in, fan_out in itertools.pairwise(sizes))
    for count in range(threads, 1, -1):
        if layers > 1 and weights >= WORTH_A_MEETING * meetings * count and min(sizes[1:-1]) >= count * ROWS:
            return count
    return 1


class Field(enum.IntEnum):
    """Columns of a part's table: one row a layer, places counted in float32 from the start of the block."""

    BY_INPUT = 0
    """1: a row of the matrix holds the weights out of one input; 0: those into one output."""
    GROUPS = enum.auto()
    """Tiles below one another; `ROWS` times as many, the matrix has rows."""
    LINES = enum.auto()
    """Tiles side by side; `LANES` times as many, the matrix has columns."""
    EXCHANGE_UP = enum.auto()
    """1: its sums are partial until all threads' are added."""
    EXCHANGE_DOWN = enum.auto()
    """1: what it passes down is partial until all threads' are added."""
    MATRIX = enum.auto()
    BIAS = enum.auto()
    UNITS = enum.auto()
    """How many outputs of this layer this thread knows, without filling up."""
    FAN_IN = enum.auto()
    """How many of its inputs."""
    SUMS = enum.auto()
    SLOPES = enum.auto()
    DELTAS = enum.auto()
    STEPS = enum.auto()
    INPUTS = enum.auto()
    """`RANK` vectors each, whose products the matrix may lack: learning rate times delta, and the layer's inputs. Of
    the first layer INPUTS is one vector, the sample's inputs, since that matrix lacks nothing."""


def up(count: int, multiple: int) -> int:
    """``count`` rounded up."""
    return -(-count // multiple) * multiple


class Part:
    """The block and the table of one thread.

    ``sizes``: units of every layer, the inputs first and the outputs last; ``part``: which of the ``threads``.
    """

    def __init__(self, sizes: Sequence[int], part: int, threads: int) -> None:
        layers = len(sizes) - 1
        self.own: list[tuple[slice, slice]] = []
        """Which outputs and inputs of every layer this part has."""
        self.table = np.zeros((layers, len(Field)), np.int64)
        self._end = 0
        self.factors = self._reserve(LANES)
        self.rates, self.target, self.zeros = self._reserve(layers), self._reserve(sizes[-1]), self._reserve(max(sizes))
        for layer in range(layers):
            self._plan(layer, sizes, part, threads)
        self.block = zeros(self._end)

    def address(self, place: int = 0) -> int:
        """Of the block, or of a place in it, in bytes."""
        return self.block.ctypes.data + 4 * place

    def _reserve(self, count: int) -> int:
        place = self._end
        self._end += up(count, LANES)
        return place

    def _plan(self, layer: int, sizes: Sequence[int], part: int, threads: int) -> None:
        last = len(sizes) - 2
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        inputs, outputs = slice(0, fan_in), slice(0, fan_out)
        if layer % 2 == 1:
            inputs = _share(fan_in, part, threads)
        elif layer < last:
            outputs = _share(fan_out, part, threads)
        self.own.append((outputs, inputs))
        own_in, own_out = _length(inputs), _length(outputs)
        # Rows are long where there is a choice: not of the few outputs, nor of the few inputs.
        by_input = layer == 0 or (layer % 2 == 1 and layer < last)
        rows, columns = (own_in, own_out) if by_input else (own_out, own_in)
        row = self.table[layer]
        row[Field.BY_INPUT] = by_input
        row[Field.GROUPS], row[Field.LINES] = -(-rows // ROWS), -(-columns // LANES)
        row[Field.EXCHANGE_UP] = threads > 1 and layer % 2 == 1
        row[Field.EXCHANGE_DOWN] = threads > 1 and layer % 2 == 0 and 0 < layer < last
        row[Field.UNITS], row[Field.FAN_IN] = own_out, own_in
        row[Field.MATRIX] = self._reserve(up(rows, ROWS) * up(columns, LANES))
        for field in (Field.BIAS, Field.SUMS, Field.SLOPES, Field.DELTAS):
            row[field] = self._reserve(own_out)
        row[Field.STEPS] = self._reserve(RANK * up(own_out, LANES))
        row[Field.INPUTS] = self._reserve(RANK * up(own_in, LANES))

    def weight(self, layer: int) -> NDArray[np.float32]:
        """(outputs, inputs) of this part of a layer, a copy."""
        outputs, inputs = self.own[layer]
        tiles = self._tiles(layer)
        matrix = tiles.reshape(len(tiles) * ROWS, -1)
        return (matrix.T if self.table[layer, Field.BY_INPUT] else matrix)[: _length(outputs), : _length(inputs)]

    def set_weight(self, layer: int, weight: NDArray[np.float32]) -> None:
        """Write what `weight` returns."""
        matrix = weight.T if self.table[layer, Field.BY_INPUT] else weight
        tiles = self._tiles(layer)
        whole = np.zeros((len(tiles) * ROWS, tiles.shape[2] * LANES), np.float32)
        whole[: len(matrix), : len(matrix.T)] = matrix
        tiles[:] = whole.reshape(tiles.shape)

    def _tiles(self, layer: int) -> NDArray[np.float32]:
        # (groups, `ROWS`, lines, `LANES`), a view: row by row.
        row = self.table[layer]
        shape = (row[Field.GROUPS], row[Field.LINES], ROWS, LANES)
        first = row[Field.MATRIX]
        return self.block[first : first + np.prod(shape)].reshape(shape).transpose(0, 2, 1, 3)

    def vectors(self, layer: int, field: Field) -> NDArray[np.float32]:
        """(1, units) of this part's vectors of a layer, or (`RANK`, units) of STEPS and INPUTS; a view."""
        outputs, inputs = self.own[layer]
        units = _length(inputs if field == Field.INPUTS else outputs)
        count = RANK if field in (Field.STEPS, Field.INPUTS) else 1
        first, width = self.table[layer, field], up(units, LANES)
        return self.block[first : first + count * width].reshape(count, width)[:, :units]


def _share(units: int, part: int, threads: int) -> slice:
    # Whole tiles need no rows of zeros.
    groups = -(-units // ROWS)
    return slice(
        min(units, groups * part // threads * ROWS),
        min(units, groups * (part + 1) // threads * ROWS),
    )


def _length(part: slice) -> int:
    return part.stop - part.start
