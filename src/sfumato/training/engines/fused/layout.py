"""The memory layout of a network's weights, inputs and gradients in the fused engine.

A layer's matrix has a row for each input, one more for the bias, those of a normalization's trained numbers, and a
column for each output; the inputs of a tile of
samples have a column of ones after the last, so that the products with the weights add the bias and give its gradient.
Rows and columns are padded with zeros to whole vector registers, and stay zero.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.recipe.connections import PLAIN, Connections
from sfumato.training.engines.compiled_activation import CompiledActivation
from sfumato.training.kernels.memory import zeros
from sfumato.training.kernels.vectors import LANES, round_up

TILE = 128
"""Samples that go through all layers together: with 4 x 300 units, about as many as fit a core's second-level cache."""


class Field(enum.IntEnum):
    """Columns of the table, which has one row per layer; positions and strides count float32, addresses bytes."""

    FAN_IN = 0
    FAN_OUT = enum.auto()
    ROWS = enum.auto()
    """Inputs and bias, padded: rows of the weights, and the stride of samples in the layer's inputs."""
    COLUMNS = enum.auto()
    """Outputs, padded: the stride of the weights' rows."""
    WEIGHTS = enum.auto()
    """Position in the block of weights, and likewise in those of gradients and of an optimizer's state."""
    WEIGHTS_T = enum.auto()
    """Position of the transposed weights, (COLUMNS, ROWS), in a block of their own; layer 0 has some only where an
    encoding is trained."""
    INPUTS = enum.auto()
    """Position of the layer's inputs, (TILE, ROWS), in a thread's memory."""
    STRIDE = enum.auto()
    """Stride of the samples in the layer's preactivations, in their derivatives, and in the activation's."""
    ACTIVATION_GRADS = enum.auto()
    """Position of the derivatives of the activation that made the inputs, (TILE, STRIDE below); layer 0 has none."""
    ADDS = enum.auto()
    """1 where the layer adds its inputs to its outputs."""
    CONCATENATES = enum.auto()
    """1 where the layer's outputs, followed by its inputs, are the next layer's inputs (connectivity ``dense``)."""
    JOINED = enum.auto()
    """Number of inputs, the last ones, that are inputs of a layer below, not its outputs: of the layer below that
    concatenates, or the encoded coordinates (connectivity ``skip``)."""
    MOMENTS = enum.auto()
    """Position of a hidden layer's (ROWS, ROWS) matrix in a block of its own: second moments of inputs."""
    FURTHER = enum.auto()
    """Number of trained numbers per unit besides weights and bias, of a normalization or a filter: rows after the
    bias's."""
    FILTER = enum.auto()
    """Number of frequencies and the phase of the filter by which a unit is multiplied, 0 where there is none: the
    further rows multiply the first layer's inputs, and the activation is that of the filter."""
    FILTER_GRADS = enum.auto()
    """Position of the derivatives of the layer's outputs by these products, (TILE, STRIDE), in a thread's memory."""
    EPSILON = enum.auto()
    """Address of the number that layer normalization adds to variances, float32; 0 where it is not normalized so."""
    NORMALIZED = enum.auto()
    """Position of its normalized preactivations, (TILE, STRIDE), in a thread's memory."""
    SCALES = enum.auto()
    """Position of the inverse standard deviations of a layer's preactivations, one for each sample of a tile."""
    ACTIVATION = enum.auto()
    """Address of the compiled loop of the activation of the layer's outputs; 0 in the last layer."""
    ACTIVATION_PARAMETERS = enum.auto()
    """Address of that activation's parameters, float32."""


class Layout:
    """The table, and the lengths of all blocks in float32.

    ``sizes``: units of every layer, the inputs first and the outputs last; ``biases``: whether units have biases;
    ``connections``: which layers add or join inputs; ``normalization``: that of units or weights; ``filters``: count of
    the numbers of a filter where hidden layers after the first are multiplied by some, else 0; ``dimensions``: those of
    the coordinates where an encoding is trained, else 0.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        biases: bool,
        connections: Connections = PLAIN,
        normalization: choices.Normalization = NO_NORMALIZATION,
        filters: int = 0,
        dimensions: int = 0,
    ) -> None:
        self.biases, self.normalizes_weights = biases, isinstance(normalization, choices.WeightNorm)
        is_layer_norm = isinstance(normalization, choices.LayerNorm)
        self._epsilon = np.array([normalization.eps if isinstance(normalization, choices.LayerNorm) else 0], np.float32)
        self.table = np.zeros((len(sizes) - 1, len(Field)), np.int64)
        self.parameters = 0
        """Length of a block of weights, gradients or state."""
        self.weights_t = 0
        """Length of the block of transposed weights."""
        self.memory = 0
        """Length of a thread's memory: inputs, activation gradients, and at its end `scratch`."""
        self.widest = 0
        """The largest number of rows or columns of a layer."""
        self.moments = 0
        """Length of a block of hidden layers' square matrices."""
        self.dimensions = dimensions
        fan_ins = connections.fan_ins(sizes[0], sizes[1:-1])
        for layer, row in enumerate(self.table):
            fan_in, fan_out = fan_ins[layer], sizes[layer + 1]
            is_last = layer == len(self.table) - 1
            row[Field.FURTHER] = 0 if is_last and not normalization.includes_output else normalization.per_unit
            if filters and self.is_hidden(layer):
                row[Field.FILTER] = row[Field.FURTHER] = filters
            # A product writes whole registers of rows, also of those after the bias.
            further = round_up(filters) if row[Field.FILTER] else int(row[Field.FURTHER])
            rows, columns = round_up(fan_in + 1 + further), round_up(fan_out)
            row[Field.FAN_IN], row[Field.FAN_OUT], row[Field.ROWS], row[Field.COLUMNS] = fan_in, fan_out, rows, columns
            row[Field.ADDS], row[Field.CONCATENATES] = (
                layer in each for each in (connections.residual_layers, connections.dense_layers)
            )
            row[Field.JOINED] = fan_in - sizes[layer]
            row[Field.STRIDE] = columns
            if layer > 0 and row[Field.JOINED] == 0:
                # The activation writes its outputs to their place as the next inputs.
                self.table[layer - 1, Field.STRIDE] = rows
            row[Field.WEIGHTS] = self.parameters
            self.parameters += rows * columns
            row[Field.WEIGHTS_T] = self.weights_t
            self.weights_t += rows * columns if layer > 0 else 0
            row[Field.MOMENTS] = self.moments
            if self.is_hidden(layer):
                self.moments += rows * rows
            row[Field.INPUTS] = self.memory
            row[Field.ACTIVATION_GRADS] = self.memory + TILE * rows
            self.memory += TILE * (rows + (int(self.table[layer - 1, Field.STRIDE]) if layer > 0 else 0))
            if is_layer_norm and layer > 0:
                below = self.table[layer - 1]
                below[Field.EPSILON] = self._epsilon.ctypes.data
                below[Field.NORMALIZED], below[Field.SCALES] = self.memory, self.memory + TILE * below[Field.STRIDE]
                self.memory += TILE * int(below[Field.STRIDE]) + TILE
            if layer > 0 and self.table[layer - 1, Field.FILTER]:
                self.table[layer - 1, Field.FILTER_GRADS] = self.memory
                self.memory += TILE * int(self.table[layer - 1, Field.STRIDE])
            self.widest = max(self.widest, rows, columns)
        self.coordinates = self.memory
        """Position of a tile's (TILE, dimensions) coordinates in a thread's memory, where an encoding is trained."""
        self.input_grads = self.coordinates + round_up(TILE * dimensions)
        """Position of the loss's derivatives by the encoding's outputs, (TILE, ROWS of layer 0)."""
        if dimensions:
            first = self.table[0]
            # After those of all other layers: products read up to a register's width beyond their operands.
            first[Field.WEIGHTS_T] = self.weights_t
            self.weights_t += int(first[Field.ROWS] * first[Field.COLUMNS])
            self.memory = self.input_grads + TILE * int(first[Field.ROWS])
        self.scratch = self.memory
        """Position of three vectors of `widest` per sample."""
        # A product writes up to a register's width more than it has columns, with dense connections also behind the
        # last sample's.
        self.memory += 3 * TILE * self.widest + LANES

    def use_activations(self, activations: Sequence[CompiledActivation]) -> None:
        """Write the addresses of the hidden layers' activations into the table; the layout keeps them alive."""
        self._activations = tuple(activations)
        for row, activation in zip(self.table[:-1], self._activations, strict=True):
            row[Field.ACTIVATION], row[Field.ACTIVATION_PARAMETERS] = activation.function, activation.parameters

    def is_hidden(self, layer: int) -> bool:
        """Return whether a layer is neither the first nor the last."""
        return 0 < layer < len(self.table) - 1

    @property
    def hidden_layers(self) -> range:
        """The layers that are neither the first nor the last."""
        return range(1, len(self.table) - 1)

    def block(self) -> NDArray[np.float32]:
        """Return a block of zeros, one per weight."""
        return zeros(self.parameters)

    def weight(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """Return a view (fan_out, fan_in) of a layer in a block."""
        return self._matrix(block, layer)[: self.table[layer, Field.FAN_IN]].T

    def has_weight_t(self, layer: int) -> bool:
        """Return whether errors are backpropagated to a layer's inputs."""
        return layer > 0 or self.dimensions > 0

    def bias(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """Return a view (fan_out,) of a layer in a block."""
        return self._matrix(block, layer)[self.table[layer, Field.FAN_IN]]

    def further_rows(self, layer: int) -> int:
        """Return the number of trained numbers per unit of a layer besides weights and biases."""
        return int(self.table[layer, Field.FURTHER])

    def further(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """Return a view (`further_rows`, fan_out) of these numbers in a block."""
        first = self.table[layer, Field.FAN_IN] + 1
        return self._matrix(block, layer)[first : first + self.further_rows(layer)]

    def transpose(self, block: NDArray[np.float32], block_t: NDArray[np.float32], layer: int) -> None:
        """Copy a layer in a block into its place in a block of transposed weights."""
        row = self.table[layer]
        first, rows, columns = row[Field.WEIGHTS_T], row[Field.ROWS], row[Field.COLUMNS]
        out = block_t[first : first + rows * columns].reshape(columns, rows)
        out[: row[Field.FAN_OUT]] = self._matrix(block, layer).T

    def moments_of(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """Return a view (n, n) of a hidden layer in a block of moments; n counts its inputs and the bias."""
        row = self.table[layer]
        first, rows = row[Field.MOMENTS], row[Field.ROWS]
        count = row[Field.FAN_IN] + int(self.biases)
        return block[first : first + rows * rows].reshape(rows, rows)[:count, :count]

    def _matrix(self, block: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        row = self.table[layer]
        first, rows, columns = row[Field.WEIGHTS], row[Field.ROWS], row[Field.COLUMNS]
        return block[first : first + rows * columns].reshape(rows, columns)[:, : row[Field.FAN_OUT]]

    def fill_ones(self, memory: NDArray[np.float32]) -> None:
        """Write the columns of ones that biases are multiplied by into a thread's memory."""
        for row in self.table if self.biases else ():
            first, rows = row[Field.INPUTS], row[Field.ROWS]
            memory[first : first + TILE * rows].reshape(TILE, rows)[:, row[Field.FAN_IN]] = 1
