"""The engine ``replica``: the program of 2012 to the last digit, with its random stream, shuffle, and order of sums."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines import replica_kernel
from sfumato.training.engines.compiling import announced
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.java_random import JavaRandom
from sfumato.training.samplers import Sampler


class JavaOrder(Sampler):
    """The sampler of the 2012 program: each epoch removes pixels from a list, one after another at random indices.

    The sampler owns the random stream: the engine draws from it only in its constructor, so the states of engine and
    sampler never disagree about the stream's state.
    """

    def __init__(self, random: JavaRandom, pixels: int) -> None:
        self._random = random
        self._pixels = pixels

    def epoch(self) -> NDArray[np.int64]:
        """Return the next epoch's pixels, (N,)."""
        return self._random.permutation(self._pixels)

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
        with announced(self.name, replica_kernel.train):
            self.advance(np.empty(0, np.int64), np.empty(0))

    def advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        """Take one step per pixel, and return sums over the pixels, each evaluated before its own step."""
        squared_error = replica_kernel.train(
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
        replica_kernel.outputs(self._weights, self._sizes, self._negative_slope, inputs, out)
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

    def state(self) -> Arrays:
        """Return a copy of the weights; the random stream belongs to the sampler."""
        return {"weights": self._weights.copy()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        self._weights[:] = state["weights"]

    def sampler(self) -> Sampler:
        """Return the sampler of the 2012 program, which continues the stream from which the weights were drawn."""
        return self._sampler
