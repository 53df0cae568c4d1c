"""The engine ``replica``: the training step and the forward pass of the 2012 program, loop for loop, and its order.

This is the reference for the results and the speed of other engines, so it stays plain: no fast-math, no
blocking, products and sums in the order in which the Java program took them. A layer's weights lie row by row in one
vector, each row its fan_in weights and then its bias; the layers follow one another from input to output.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.compiled_engine import announced
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.java_random import JavaRandom
from sfumato.training.kernels.jit import kernel
from sfumato.training.samplers import Draws, Sampler

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel()
def forward(weights: Floats, sizes: Ints, negative_slope: float, preactivations: Floats, units: Floats) -> None:
    """Fill ``preactivations`` and ``units``: the preactivations and outputs of all layers, one after another.

    The first ``sizes[0]`` of ``units`` are the inputs, which the caller sets.
    """
    layers = len(sizes) - 1
    w, first = 0, sizes[0]
    for layer in range(layers):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        x = units[first - fan_in : first]
        for j in range(fan_out):
            row = weights[w : w + fan_in + 1]
            total = 0.0
            for i in range(fan_in):
                total += row[i] * x[i]
            total += row[fan_in]
            preactivations[first + j] = total
            units[first + j] = total if total >= 0 or layer == layers - 1 else negative_slope * total
            w += fan_in + 1
        first += fan_out


@kernel()
def backward(
    weights: Floats,
    sizes: Ints,
    negative_slope: float,
    preactivations: Floats,
    units: Floats,
    deltas: Floats,
    rates: Floats,
) -> None:
    """Backpropagate ``deltas`` from those of the outputs (target - output), and update the weights of every layer.

    ``rates`` holds each layer's learning rate. Deltas pass through each weight before its update.
    """
    layers = len(sizes) - 1
    w, first = len(weights), len(units) - sizes[layers]
    for layer in range(layers - 1, -1, -1):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        rate = rates[layer]
        w -= fan_out * (fan_in + 1)
        x = units[first - fan_in : first]
        below = deltas[first - fan_in : first]
        below[:] = 0.0
        for j in range(fan_out):
            delta = deltas[first + j]
            if layer < layers - 1 and not preactivations[first + j] >= 0:
                delta *= negative_slope
            row = weights[w + j * (fan_in + 1) : w + (j + 1) * (fan_in + 1)]
            for i in range(fan_in):
                below[i] += delta * row[i]
                row[i] += x[i] * delta * rate
            row[fan_in] += delta * rate
        first -= fan_in


@kernel()
def train(
    weights: Floats,
    sizes: Ints,
    negative_slope: float,
    layer_rates: Floats,
    inputs: Floats,
    targets: Floats,
    pixels: Ints,
    factors: Floats,
) -> float:
    """Take one step for each of ``pixels``; return the sum of the squared errors, each before its own step."""
    units = np.empty(sizes.sum())
    preactivations = np.empty(len(units))
    deltas = np.empty(len(units))
    first = len(units) - sizes[-1]
    squared_error = 0.0
    for step in range(len(pixels)):
        pixel = pixels[step]
        for i in range(sizes[0]):
            units[i] = inputs[pixel, i]
        forward(weights, sizes, negative_slope, preactivations, units)
        for j in range(sizes[-1]):
            delta = targets[pixel, j] - units[first + j]
            deltas[first + j] = delta
            squared_error += delta * delta
        backward(weights, sizes, negative_slope, preactivations, units, deltas, layer_rates * factors[step])
    return squared_error


@kernel()
def outputs(weights: Floats, sizes: Ints, negative_slope: float, inputs: Floats, out: Floats) -> None:
    """Fill ``out`` (M, C) with the outputs for ``inputs`` (M, 2)."""
    units = np.empty(sizes.sum())
    preactivations = np.empty(len(units))
    first = len(units) - sizes[-1]
    for sample in range(len(inputs)):
        for i in range(sizes[0]):
            units[i] = inputs[sample, i]
        forward(weights, sizes, negative_slope, preactivations, units)
        for j in range(sizes[-1]):
            out[sample, j] = units[first + j]


class JavaOrder(Sampler):
    """The sampler of the 2012 program: each epoch removes pixels from a list, one after another at random indices.

    The sampler owns the random stream: the engine draws from it only in its constructor, so the states of engine and
    sampler never disagree about the stream's state.
    """

    def __init__(self, random: JavaRandom, pixels: int) -> None:
        self._random = random
        self._pixels = pixels

    def epoch(self) -> Draws:
        """Return the next epoch's pixels."""
        return Draws(self._random.permutation(self._pixels))

    def state(self) -> Arrays:
        """Return the state of the random stream."""
        return self._random.state()

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore the random stream."""
        self._random.load(state)


class Replica(Engine):
    """Trains as the 2012 program did. It draws the initial weights itself and does not use the task's model."""

    name = "replica"
    keeps_outputs = False

    def __init__(self, task: Task) -> None:
        """Draw the weights as the 2012 program did: layer by layer, row by row, the bias last."""
        model, sgd = task.recipe.model, task.recipe.training.optimizer
        activation, init = model.activation, model.init
        assert isinstance(sgd, choices.SGD)
        assert isinstance(activation, choices.LeakyReLU)
        assert isinstance(init, choices.Gaussian)
        # Contiguous and writable, though they are only read: Numba would compile the kernel again for other arrays.
        self._inputs = np.require(task.coordinates, np.float64, ["C", "W"])
        self._targets = np.require(task.targets, np.float64, ["C", "W"])
        self._negative_slope = activation.negative_slope
        self._sizes = np.array([self._inputs.shape[1], *model.widths, self._targets.shape[1]], np.int64)
        self._layer_rates = np.array([sgd.lr * (1 / math.sqrt(fan_in + 1)) for fan_in in self._sizes[:-1]])
        # Multiplied by the reciprocal of the root, as in the 2012 program: a division may round differently.
        random = JavaRandom(task.recipe.seed)
        self._weights = np.concatenate(
            [
                random.gaussians((fan_in + 1) * fan_out) * init.scale * (1 / math.sqrt(fan_in + 1))
                for fan_in, fan_out in itertools.pairwise(self._sizes.tolist())
            ]
        )
        self._sampler = JavaOrder(random, len(self._inputs))
        # No step: the kernel is compiled or loaded now, not while the first steps are timed.
        with announced(self.name, train):
            self.advance(np.empty(0, np.int64), np.empty(0))

    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take one step per pixel, and return sums over the pixels, each evaluated before its own step.

        Its own sampler draws no ``weights``.
        """
        squared_error = train(
            self._weights,
            self._sizes,
            self._negative_slope,
            self._layer_rates,
            self._inputs,
            self._targets,
            np.require(pixels, np.int64, ["C", "W"]),
            np.require(rates, np.float64, ["C", "W"]),
        )
        return Advance(loss=0.5 * squared_error, squared_error=squared_error)

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outputs, (M, 2) -> (M, C), summed in the same order as in training."""
        inputs = np.require(coordinates, np.float64, ["C", "W"])
        out = np.empty((len(inputs), self._targets.shape[1]))
        outputs(self._weights, self._sizes, self._negative_slope, inputs, out)
        return out

    def weights(self) -> Arrays:
        """Return copies: ``layers.i.weight`` (fan_out, fan_in) and ``layers.i.bias`` (fan_out,), float64."""
        named: Arrays = {}
        first = 0
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(self._sizes.tolist())):
            count = (fan_in + 1) * fan_out
            rows = self._weights[first : first + count].reshape(fan_out, fan_in + 1)
            named[f"layers.{layer}.weight"] = rows[:, :-1].copy()
            named[f"layers.{layer}.bias"] = rows[:, -1].copy()
            first += count
        return named

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the weights and biases."""
        first = 0
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(self._sizes.tolist())):
            rows = self._weights[first : first + (fan_in + 1) * fan_out].reshape(fan_out, fan_in + 1)
            rows[:, :-1], rows[:, -1] = weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"]
            first += rows.size

    def state(self) -> Arrays:
        """Return a copy of the weights; the random stream belongs to the sampler."""
        return {"weights": self._weights.copy()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        self._weights[:] = state["weights"]

    def sampler(self) -> Sampler:
        """Return the sampler of the 2012 program, which continues the stream from which the weights were drawn."""
        return self._sampler
