"""The sizes of a network's layers, and the units in which components state their memory and operations.

All are pure numbers: a component states its costs for layers of any size, without building anything.
"""

from __future__ import annotations

from dataclasses import dataclass

ALIGNMENT = 16
"""Compiled engines pad the rows and columns of their matrices to multiples of this."""


def round_up(count: int) -> int:
    """Return the smallest multiple of `ALIGNMENT` that is not below ``count``."""
    return -(-count // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class LinearLayer:
    """A linear layer of the network."""

    inputs: int
    units: int
    biases: bool
    per_unit: int = 0
    """Trained numbers per unit besides weights and biases: those of a normalization, or of a filter."""
    further: int = 0
    """Other trained numbers of the layer: those of outputs that it has while training."""
    further_multiply_adds: int = 0
    """Multiply-adds per sample of its units' filters."""

    @property
    def weights(self) -> int:
        """Number of weights, without biases."""
        return self.inputs * self.units

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return self.weights + self.units * (int(self.biases) + self.per_unit) + self.further

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one sample's forward pass."""
        return self.weights + self.further_multiply_adds

    @property
    def padded_inputs(self) -> int:
        """Number of rows of its matrix in a compiled engine, where all that a unit has besides weights follows them."""
        return round_up(self.inputs + 1 + self.per_unit)

    @property
    def padded_weights(self) -> int:
        """Number of elements of its matrix in a compiled engine."""
        return self.padded_inputs * round_up(self.units)


@dataclass(frozen=True)
class NetworkSize:
    """Sizes on which memory depends. Of a custom network only the number of parameters is known."""

    layers: tuple[LinearLayer, ...]
    parameters: int
    largest_layer: int
    """Number of parameters of the largest layer."""

    @property
    def inner(self) -> tuple[LinearLayer, ...]:
        """The layers that are neither first nor last."""
        return self.layers[1:-1]

    @property
    def activations(self) -> int:
        """Number of hidden-unit outputs per sample."""
        return sum(layer.units for layer in self.layers[:-1])

    @property
    def widest(self) -> int:
        """Largest number of inputs or outputs of a layer."""
        return max((max(layer.inputs, layer.units) for layer in self.layers), default=0)

    @property
    def padded_weights(self) -> int:
        """Number of elements of a block with one element per weight, in a compiled engine."""
        return sum(layer.padded_weights for layer in self.layers)


@dataclass(frozen=True)
class Memory:
    """Memory of an optimizer with automatic differentiation: its state, and temporary arrays of a step."""

    numbers: int
    """Count of numbers in the data type of the training."""
    float64: int = 0
    """Count of numbers in float64, whatever the training's data type."""

    def in_bytes(self, number_bytes: int) -> int:
        """Return the memory in bytes; ``number_bytes`` is the size of the training's data type."""
        return number_bytes * self.numbers + 8 * self.float64


@dataclass(frozen=True)
class CompiledMemory:
    """Memory of an optimizer in a compiled engine: counts of numbers, in float32 unless stated otherwise."""

    state: int
    """Numbers that persist from step to step and are saved in checkpoints."""
    updates: int = 0
    """Numbers that every step computes anew, once for all threads."""
    refresh_float64: int = 0
    """Temporary numbers between two steps, in float64."""
    per_thread: int = 0
    """Temporary numbers of each thread."""


@dataclass(frozen=True)
class StepEstimate:
    """An approximate upper bound on the cost of a step, which bounds the time of a health check."""

    operations: int
    """Floating-point operations beyond those of the network."""
    passes: int = 1
    """Forward and backward passes."""


@dataclass(frozen=True)
class Operations:
    """Floating-point operations of one training."""

    network: int
    """Forward and backward: 6 per weight and sample, 4 in the first layer, whose inputs need no gradient."""
    optimizer: int
    """Matrix products and factorizations of the optimizer; 0 if it is elementwise."""

    @property
    def all(self) -> int:
        """Sum of both."""
        return self.network + self.optimizer


@dataclass(frozen=True)
class TrainingWork:
    """A training whose operations are counted."""

    layers: tuple[LinearLayer, ...]
    samples: int
    """Total number of samples."""
    steps: int
    batch: int
    """Samples per step."""
    compiled: bool
    """Whether a compiled engine trains, and not automatic differentiation."""

    @property
    def inner(self) -> tuple[LinearLayer, ...]:
        """The layers that are neither first nor last."""
        return self.layers[1:-1]

    def passes(self, samples: int) -> int:
        """Return the operations of the forward and backward passes of ``samples`` samples."""
        further = sum(layer.further_multiply_adds for layer in self.layers)
        weights = sum(layer.weights for layer in self.layers)
        # Filters read the coordinates, as the first layer does.
        return 2 * samples * (3 * weights - self.layers[0].weights + 2 * further)

    def backward(self) -> int:
        """Return the operations of an additional backward pass of all samples, without gradients of the weights."""
        return 2 * self.samples * sum(layer.weights for layer in self.layers[1:])
