"""A thread's shard of a network, in one block of memory for the compiled training loop.

Hidden units are divided between threads. A thread holds the weights *into* its units of every even layer and *out of*
its units of every odd layer (tensor parallelism as in Megatron-LM, Shoeybi et al. 2019), so each thread computes two
layers by itself before partial sums must be added: in the forward pass after each odd layer, in the backward pass after
each even layer but the first. A last layer that is even is small and held by every thread undivided. All weights of a
thread stay in the second-level cache of its core.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines.compiled_activation import CompiledActivation
from sfumato.training.kernels.memory import zeros
from sfumato.training.kernels.vector_code import WIDTH
from sfumato.training.kernels.vector_loops import RANK, ROWS
from sfumato.training.kernels.vectors import round_up

MIN_WEIGHTS_PER_PHASE = 8_000
"""Fewest weights per thread between two barriers; with fewer the threads wait longer than they compute.

On two neighboring cores of a Zen 5 EPYC two threads took the time of one with 2,700 weights and two thirds of it with
8,300 (width 128). Between more distant cores of the same machine a barrier took four times as long.
"""


def useful_threads(sizes: Sequence[int], threads: int) -> int:
    """Return how many of ``threads`` a network uses, such that each has enough work between barriers.

    ``sizes``: units of every layer, the inputs first and the outputs last.
    """
    layers = len(sizes) - 1
    phases = sum(1 for layer in range(1, layers) if layer % 2 == 1 or layer < layers - 1)
    weights = sum(fan_in * fan_out for fan_in, fan_out in itertools.pairwise(sizes))
    for count in range(threads, 1, -1):
        if layers > 1 and weights >= MIN_WEIGHTS_PER_PHASE * phases * count and min(sizes[1:-1]) >= count * ROWS:
            return count
    return 1


class Field(enum.IntEnum):
    """Columns of a shard's table, one row per layer; positions count float32 from the start of the block."""

    BY_INPUT = 0
    """1: a row of the matrix holds the weights out of one input; 0: those into one output."""
    GROUPS = enum.auto()
    """Tiles below one another: the matrix has `ROWS` times as many rows."""
    LINES = enum.auto()
    """Tiles side by side: the matrix has `WIDTH` times as many columns."""
    EXCHANGE_UP = enum.auto()
    """1: the thread's preactivations are partial sums, to be added over all threads."""
    EXCHANGE_DOWN = enum.auto()
    """1: the errors that the thread passes down are partial sums, to be added over all threads."""
    MATRIX = enum.auto()
    BIAS = enum.auto()
    UNITS = enum.auto()
    """Outputs of this layer that this thread computes, without padding."""
    FAN_IN = enum.auto()
    """Inputs of this layer that this thread has, without padding."""
    PREACTIVATIONS = enum.auto()
    ACTIVATION_GRADS = enum.auto()
    DELTAS = enum.auto()
    STEPS = enum.auto()
    INPUTS = enum.auto()
    """STEPS and INPUTS: `RANK` vectors each, learning rate times delta and the layer's inputs, whose products are the
    pending updates of the matrix. INPUTS of the first layer is one vector, the sample's inputs: that matrix has no
    pending updates."""
    ACTIVATION = enum.auto()
    """Address in bytes of the compiled loop of the activation of the layer's outputs; 0 in the last layer."""
    ACTIVATION_PARAMETERS = enum.auto()
    """Address in bytes of that activation's parameters, float32."""


class Shard:
    """The block and the table of one thread.

    ``sizes``: units of every layer, the inputs first and the outputs last; ``rank``: the number of the thread among
    ``threads``.
    """

    def __init__(self, sizes: Sequence[int], rank: int, threads: int) -> None:
        layers = len(sizes) - 1
        self.slices: list[tuple[slice, slice]] = []
        """This shard's outputs and inputs of every layer."""
        self.table = np.zeros((layers, len(Field)), np.int64)
        self._end = 0
        self.factors = self._reserve(WIDTH)
        self.rates, self.target, self.zeros = self._reserve(layers), self._reserve(sizes[-1]), self._reserve(max(sizes))
        for layer in range(layers):
            self._lay_out(layer, sizes, rank, threads)
        self.block = zeros(self._end)

    def use_activations(self, activations: Sequence[CompiledActivation]) -> None:
        """Write the addresses of the hidden layers' activations, which must live as long, into the table."""
        for row, activation in zip(self.table[:-1], activations, strict=True):
            row[Field.ACTIVATION], row[Field.ACTIVATION_PARAMETERS] = activation.function, activation.parameters

    def address(self, position: int = 0) -> int:
        """Return the address, in bytes, of the block or of a position in it."""
        return self.block.ctypes.data + 4 * position

    def _reserve(self, count: int) -> int:
        position = self._end
        self._end += round_up(count, WIDTH)
        return position

    def _lay_out(self, layer: int, sizes: Sequence[int], rank: int, threads: int) -> None:
        last = len(sizes) - 2
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        inputs, outputs = slice(0, fan_in), slice(0, fan_out)
        if layer % 2 == 1:
            inputs = _share(fan_in, rank, threads)
        elif layer < last:
            outputs = _share(fan_out, rank, threads)
        self.slices.append((outputs, inputs))
        shard_in, shard_out = _length(inputs), _length(outputs)
        # Long rows where there is a choice: not one row per output of a layer with few, nor per input.
        by_input = layer == 0 or (layer % 2 == 1 and layer < last)
        rows, columns = (shard_in, shard_out) if by_input else (shard_out, shard_in)
        row = self.table[layer]
        row[Field.BY_INPUT] = by_input
        row[Field.GROUPS], row[Field.LINES] = -(-rows // ROWS), -(-columns // WIDTH)
        row[Field.EXCHANGE_UP] = threads > 1 and layer % 2 == 1
        row[Field.EXCHANGE_DOWN] = threads > 1 and layer % 2 == 0 and 0 < layer < last
        row[Field.UNITS], row[Field.FAN_IN] = shard_out, shard_in
        row[Field.MATRIX] = self._reserve(round_up(rows, ROWS) * round_up(columns, WIDTH))
        for field in (Field.BIAS, Field.PREACTIVATIONS, Field.ACTIVATION_GRADS, Field.DELTAS):
            row[field] = self._reserve(shard_out)
        row[Field.STEPS] = self._reserve(RANK * round_up(shard_out, WIDTH))
        row[Field.INPUTS] = self._reserve(RANK * round_up(shard_in, WIDTH))

    def weight(self, layer: int) -> NDArray[np.float32]:
        """Return a copy (outputs, inputs) of this shard of a layer's weights."""
        outputs, inputs = self.slices[layer]
        tiles = self._tiles(layer)
        matrix = tiles.reshape(len(tiles) * ROWS, -1)
        return (matrix.T if self.table[layer, Field.BY_INPUT] else matrix)[: _length(outputs), : _length(inputs)]

    def set_weight(self, layer: int, weight: NDArray[np.float32]) -> None:
        """Write weights of the shape that `weight` returns."""
        matrix = weight.T if self.table[layer, Field.BY_INPUT] else weight
        tiles = self._tiles(layer)
        padded = np.zeros((len(tiles) * ROWS, tiles.shape[2] * WIDTH), np.float32)
        padded[: len(matrix), : len(matrix.T)] = matrix
        tiles[:] = padded.reshape(tiles.shape)

    def _tiles(self, layer: int) -> NDArray[np.float32]:
        # A view (groups, `ROWS`, lines, `WIDTH`): the matrix row by row.
        row = self.table[layer]
        shape = (row[Field.GROUPS], row[Field.LINES], ROWS, WIDTH)
        first = row[Field.MATRIX]
        return self.block[first : first + np.prod(shape)].reshape(shape).transpose(0, 2, 1, 3)

    def vectors(self, layer: int, field: Field) -> NDArray[np.float32]:
        """Return a view (1, units) of this shard's vector of a layer, or (`RANK`, units) of STEPS and INPUTS."""
        outputs, inputs = self.slices[layer]
        units = _length(inputs if field == Field.INPUTS else outputs)
        count = RANK if field in (Field.STEPS, Field.INPUTS) else 1
        first, width = self.table[layer, field], round_up(units, WIDTH)
        return self.block[first : first + count * width].reshape(count, width)[:, :units]


def _share(units: int, rank: int, threads: int) -> slice:
    # Bounds at whole tiles need no padding with rows of zeros.
    groups = -(-units // ROWS)
    return slice(
        min(units, groups * rank // threads * ROWS),
        min(units, groups * (rank + 1) // threads * ROWS),
    )


def _length(bounds: slice) -> int:
    return bounds.stop - bounds.start
