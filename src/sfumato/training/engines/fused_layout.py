"""Where everything of a network lies in memory while the fused engine trains it.

A layer's matrix has a row for each input, one more for the bias, and a column for each output; the inputs of a tile of
samples have a column of ones after the last, so that the products with the weights add the bias and give its gradient.
Rows and columns are filled up with zeros to whole vector registers, and stay zero.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe.wiring import STRAIGHT, Wiring
from sfumato.training.engines.memory import zeros
from sfumato.training.kernels.vectors import up

TILE = 128
"""Samples that go through all layers together: of 4 x 300 units about so many stay in a core's second-level cache."""


class Field(enum.IntEnum):
    """Columns of the table: one row a layer; places are counted in float32."""

    FAN_IN = 0
    FAN_OUT = enum.auto()
    ROWS = enum.auto()
    """Inputs and bias, filled up: rows of the weights, and the distance of two samples' inputs."""
    COLUMNS = enum.auto()
    """Outputs, filled up: the distance of two rows of the weights."""
    WEIGHTS = enum.auto()
    """In the block of weights, and likewise in those of gradients and of an optimiser's state."""
    TURNED = enum.auto()
    """Of the transposed weights, (COLUMNS, ROWS), through which errors pass down."""
    INPUTS = enum.auto()
    """(TILE, ROWS) in a thread's memory."""
    SLOPES = enum.auto()
    """(TILE, ROWS) in a thread's memory: derivatives of the activation that made the inputs; layer 0 has none."""
    ADDS = enum.auto()
    """1 where the layer adds what came in to what goes out."""
    JOINED = enum.auto()
    """How many of the inputs, the last ones, are features that come in once more."""
    MOMENTS = enum.auto()
    """(ROWS, ROWS) in a block of its own, for hidden layers' second moments of inputs; the others have none."""


class Layout:
    """The table, and how many float32 each block needs.

    ``sizes``: units of every layer, the inputs first and the outputs last; ``biases``: whether units have one;
    ``wiring``: what comes in or goes out besides.
    """

    def __init__(self, sizes: Sequence[int], *, biases: bool, wiring: Wiring = STRAIGHT) -> None:
        self.biases = biases
        self.table = np.zeros((len(sizes) - 1, len(Field)), np.int64)
        self.parameters = 0
        """Length of a block of weights, gradients or state."""
        self.turned = 0
        self.memory = 0
        """Length of a thread's memory: inputs, slopes, and at its end three times `widest` a sample."""
        self.widest = 0
        self.moments = 0
        """Length of a block of moments."""
        self.room = 0
        """Length of what making a hidden layer's matrix orthogonal needs."""
        fan_ins = wiring.fan_ins(sizes[0], sizes[1:-1])
        for layer, row in enumerate(self.table):
            fan_in, fan_out = fan_ins[layer], sizes[layer + 1]
            rows, columns = up(fan_in + 1), up(fan_out)
            row[Field.FAN_IN], row[Field.FAN_OUT], row[Field.ROWS], row[Field.COLUMNS] = fan_in, fan_out, rows, columns
            row[Field.ADDS], row[Field.JOINED] = layer in wiring.adds, fan_in - sizes[layer]
            row[Field.WEIGHTS], row[Field.TURNED] = self.parameters, self.turned
            self.parameters += rows * columns
            self.turned += rows * columns if layer > 0 else 0
            row[Field.MOMENTS] = self.moments
            if self.is_hidden(layer):
                self.moments += rows * rows
                tall, short = up(max(fan_in, fan_out)), up(min(fan_in, fan_out))
                self.room = max(self.room, 2 * (tall + short) * short)
            row[Field.INPUTS] = self.memory
            row[Field.SLOPES] = self.memory + TILE * rows
            self.memory += TILE * rows * (2 if layer > 0 else 1)
            self.widest = max(self.widest, rows, columns)
        self.scratch = self.memory
        """Place of the three vectors of `widest` a sample."""
        self.memory += 3 * TILE * self.widest

    def is_hidden(self, layer: int) -> bool:
        """Whether a layer is neither the first nor the last."""
        return 0 < layer < len(self.table) - 1

    def block(self) -> NDArray[np.float32]:
        """Zeros for a number beside each weight."""
        return zeros(self.parameters)

    def weight(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """(fan_out, fan_in) of a layer in a block, a view."""
        return self._matrix(block, layer)[: self.table[layer, Field.FAN_IN]].T

    def turned_weight(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """(fan_out, fan_in) of a layer, not the first, in a block of transposed weights, a view."""
        row = self.table[layer]
        first, rows, columns = row[Field.TURNED], row[Field.ROWS], row[Field.COLUMNS]
        return block[first : first + rows * columns].reshape(columns, rows)[: row[Field.FAN_OUT], : row[Field.FAN_IN]]

    def bias(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """(fan_out,) of a layer in a block, a view."""
        return self._matrix(block, layer)[self.table[layer, Field.FAN_IN]]

    def moments_of(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """(n, n) of a hidden layer in a block of moments, a view; n counts its inputs and the bias."""
        row = self.table[layer]
        first, rows = row[Field.MOMENTS], row[Field.ROWS]
        count = row[Field.FAN_IN] + int(self.biases)
        return block[first : first + rows * rows].reshape(rows, rows)[:count, :count]

    def _matrix(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        row = self.table[layer]
        first, rows, columns = row[Field.WEIGHTS], row[Field.ROWS], row[Field.COLUMNS]
        return block[first : first + rows * columns].reshape(rows, columns)[:, : row[Field.FAN_OUT]]

    def fill_up(self, memory: NDArray[np.float32]) -> None:
        """Put the columns of ones in place in a thread's memory, where there are biases."""
        for row in self.table if self.biases else ():
            first, rows = row[Field.INPUTS], row[Field.ROWS]
            memory[first : first + TILE * rows].reshape(TILE, rows)[:, row[Field.FAN_IN]] = 1
