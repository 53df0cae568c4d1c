"""The sizes of a network's layers, and the units in which components state what they take of memory and work.

Pure numbers: a component states its costs for layers of any size, and nothing is built to ask.
"""

from __future__ import annotations

from dataclasses import dataclass

LANES = 16
"""Compiled engines pad the rows and columns of their matrices to a multiple of so many numbers."""


def round_up(count: int) -> int:
    """Return the next multiple of `LANES`."""
    return -(-count // LANES) * LANES


@dataclass(frozen=True)
class LinearLayer:
    """A linear layer of the network."""

    inputs: int
    units: int
    biases: bool

    @property
    def weights(self) -> int:
        """Weights without biases."""
        return self.inputs * self.units

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + (self.units if self.biases else 0)

    @property
    def padded_inputs(self) -> int:
        """Rows of its matrix in a compiled engine, where the bias is the weight of one more input."""
        return round_up(self.inputs + 1)

    @property
    def padded_weights(self) -> int:
        """Numbers of its matrix in a compiled engine."""
        return self.padded_inputs * round_up(self.units)


@dataclass(frozen=True)
class NetworkSize:
    """What memory depends on. Of a network of the user's own only the number of parameters is known."""

    layers: tuple[LinearLayer, ...]
    parameters: int
    largest_layer: int
    """Parameters of the largest layer."""

    @property
    def inner(self) -> tuple[LinearLayer, ...]:
        """The layers that are neither first nor last."""
        return self.layers[1:-1]

    @property
    def activations(self) -> int:
        """Outputs of hidden units per sample."""
        return sum(layer.units for layer in self.layers[:-1])

    @property
    def widest(self) -> int:
        """The most numbers that go into or come out of a layer."""
        return max((max(layer.inputs, layer.units) for layer in self.layers), default=0)

    @property
    def padded_weights(self) -> int:
        """Numbers of a block with a place for each weight, in a compiled engine."""
        return sum(layer.padded_weights for layer in self.layers)


@dataclass(frozen=True)
class Memory:
    """What an optimizer keeps, and takes for a step, with automatic differentiation."""

    numbers: int
    """In the data type of the training."""
    float64: int = 0
    """In float64, whatever the training's data type."""

    def in_bytes(self, number_bytes: int) -> int:
        """Return its bytes where a number of the training takes so many."""
        return number_bytes * self.numbers + 8 * self.float64


@dataclass(frozen=True)
class CompiledMemory:
    """What an optimizer takes in a compiled engine: counts of numbers, in float32 where nothing else is said."""

    state: int
    """What it remembers from step to step, which is saved too."""
    updates: int = 0
    """What is computed anew in every step, once for all threads."""
    refresh_float64: int = 0
    """What it takes between two steps, in float64."""
    per_thread: int = 0


@dataclass(frozen=True)
class StepEstimate:
    """What a step costs at most, about: it bounds the time of a health check."""

    operations: int
    """Floating-point operations beyond those of the network."""
    passes: int = 1
    """Forward and backward passes."""


@dataclass(frozen=True)
class Operations:
    """Floating-point operations of one training."""

    network: int
    """Forward and backward: 6 per weight and sample, 4 in the first layer, as no gradient goes below it."""
    optimizer: int
    """Products and factorizations by which the optimizer makes updates of gradients; 0 if it is elementwise."""

    @property
    def all(self) -> int:
        """Both."""
        return self.network + self.optimizer


@dataclass(frozen=True)
class TrainingWork:
    """A training whose operations are counted."""

    layers: tuple[LinearLayer, ...]
    samples: int
    """Shown in all."""
    steps: int
    batch: int
    """Samples of one step."""
    compiled: bool
    """Whether a compiled engine trains, or automatic differentiation."""

    @property
    def inner(self) -> tuple[LinearLayer, ...]:
        """The layers that are neither first nor last."""
        return self.layers[1:-1]

    def passes(self, samples: int) -> int:
        """Return the operations of so many samples on their way through the network and back."""
        return 2 * samples * (3 * sum(layer.weights for layer in self.layers) - self.layers[0].weights)

    def backward(self) -> int:
        """Return the operations of one more backward pass of all samples, without gradients of the weights."""
        return 2 * self.samples * sum(layer.weights for layer in self.layers[1:])
