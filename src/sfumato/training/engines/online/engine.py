"""The engine ``online``: exact stochastic gradient descent, one sample at a time, in float32 on the CPU.

The arithmetic is that of `sfumato.training.engines.replica` and of autograd at batch 1, in single precision and with
sums in another order. The weights are divided between threads so that each core keeps its share in its cache
(`sfumato.training.engines.online.shard`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import wait
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.models.mlp import MLP
from sfumato.parallel import Helpers
from sfumato.recipe import choices
from sfumato.training.engines import barrier, compiled_outputs
from sfumato.training.engines.compiled_activation import choices_of, compiled
from sfumato.training.engines.compiled_engine import NO_WEIGHTS, announced, encoded, is_trained
from sfumato.training.engines.compiled_loss import CompiledLoss
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.engines.online import kernel
from sfumato.training.engines.online.shard import Field, Shard, useful_threads
from sfumato.training.engines.online.step import Network
from sfumato.training.kernels.memory import zeros
from sfumato.training.kernels.vector_code import WIDTH
from sfumato.training.kernels.vector_loops import RANK
from sfumato.training.kernels.vectors import round_up

Floats = dict[str, NDArray[np.float32]]


class Online(Engine):
    """Trains an MLP one sample at a time."""

    name = "online"

    def __init__(self, task: Task) -> None:
        """Lay out the model's weights for the threads, and compute the encoding of every sample once.

        Raise EngineError for a model that is not a recipe's, or for a trained encoding.
        """
        model, recipe = task.model, task.recipe
        sgd, loss = recipe.training.optimizer, recipe.training.loss
        # Not a subclass, whose forward may differ, nor an activation that has no compiled derivative.
        if type(model) is not MLP or (activations := choices_of(model)) is None:
            raise EngineError(
                f"engine online trains only the MLP of a recipe. Got {type(model).__name__}; use autograd."
            )
        if is_trained(model):
            raise EngineError(f"engine online computes the encoding once. Got {recipe.model.encoding}; use autograd.")
        assert isinstance(sgd, choices.SGD)
        self._model = model
        self._cores = task.threads
        self._linear = model.linear_layers()
        self._features = encoded(model, task.coordinates)
        self._targets = np.require(task.targets, np.float32, ["C", "W"])
        self._no_outputs = np.empty((0, self._targets.shape[1]), np.float32)
        sizes = [self._linear[0].in_features, *(layer.out_features for layer in self._linear)]
        self._rates = np.array([sgd.lr / math.sqrt(n + 1) if sgd.fan_in_scaling else sgd.lr for n in sizes[:-1]])
        self._loss = CompiledLoss(
            loss,
            self._targets.shape[1],
            sigmoid_output=model.sigmoid_output,
            channel_weights=recipe.training.channel_weights,
        )
        self._activations = [compiled(each) for each in activations]
        threads = useful_threads(sizes, task.threads)
        self._shards = [Shard(sizes, rank, threads) for rank in range(threads)]
        for shard in self._shards:
            shard.use_activations(self._activations)
        self._counts = barrier.counters(threads)
        width = round_up(max(sizes), WIDTH)
        self._exchange = zeros(2 * threads * width)
        self._networks = [
            Network(
                rank=rank,
                threads=threads,
                block=shard.address(),
                layers=len(shard.table),
                table=shard.table.ctypes.data,
                rates=shard.address(shard.rates),
                target=shard.address(shard.target),
                factors=shard.address(shard.factors),
                zeros=shard.address(shard.zeros),
                counts=self._counts.ctypes.data,
                exchange=self._exchange.ctypes.data,
                width=width,
                biases=self._linear[0].bias is not None,
            )
            for rank, shard in enumerate(self._shards)
        ]
        self._helpers = Helpers(threads - 1, "sfumato-online") if threads > 1 else None
        # The number of steps whose updates the shards' matrices do not contain yet; see `step`.
        self._pending_updates = 0
        self.set_weights({name: tensor.detach().numpy() for name, tensor in model.state_dict().items()})
        # No step: the kernel is compiled or loaded now, not while the first steps are timed.
        with announced(self.name, kernel.train):
            self._train(self._networks[0], np.empty(0, np.int64), NO_WEIGHTS, np.empty(0))

    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take one step per sample, and return sums over the samples, each evaluated before its own step."""
        # Contiguous and writable, though they are only read: Numba would compile the kernel again for other arrays.
        pixels, rates = np.require(pixels, np.int64, ["C", "W"]), np.require(rates, np.float64, ["C", "W"])
        factors = NO_WEIGHTS if weights is None else np.require(weights, np.float32, ["C", "W"])
        barrier.begin(self._counts)
        first, *others = self._networks
        futures = []
        try:
            if self._helpers is not None:
                futures = [self._helpers.submit(self._train, network, pixels, factors, rates) for network in others]
            loss, squared_error = self._train(first, pixels, factors, rates)
        except BaseException:
            barrier.give_up(self._counts)
            wait(futures)
            raise
        for future in futures:
            future.result()
        self._pending_updates = (self._pending_updates + len(pixels)) % RANK
        return Advance(loss=loss, squared_error=squared_error)

    def _train(
        self,
        net: Network,
        pixels: NDArray[np.int64],
        weights: NDArray[np.float32],
        factors: NDArray[np.float64],
    ) -> tuple[float, float]:
        return kernel.train(
            net,
            self._loss.spec,
            self._rates,
            self._features,
            self._targets,
            # One thread is enough: each has all preactivations of the last layer.
            self._no_outputs if self.last_outputs is None or net.rank > 0 else self.last_outputs,
            pixels,
            weights,
            factors,
            self._pending_updates,
        )

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """Return the unclipped outputs, (M, D) -> (M, C), float32."""
        self._model.load_state_dict({name: torch.from_numpy(array) for name, array in self.weights().items()})
        return compiled_outputs.outputs(self._model, coordinates, self._cores)

    def weights(self) -> Arrays:
        """Return copies by the names of the model's ``state_dict``, float32, with all updates."""
        named = self._copy(self._zeros(), into_shards=False)
        for k in range(1, len(self._linear)):
            for step, inputs in zip(named[f"steps.{k}"], named[f"inputs.{k}"], strict=True):
                named[f"layers.{k}.weight"] -= np.outer(step, inputs)
        model = self._model.state_dict()
        return {name: named[name] if name in named else model[name].numpy().copy() for name in model}

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace weights and biases; no update is pending then."""
        self._pending_updates = 0
        zeros = self._zeros()
        self._copy({name: weights.get(name, array) for name, array in zeros.items()}, into_shards=True)

    def state(self) -> Arrays:
        """Return copies of the weights in the threads' shards, the pending updates' vectors, and their number."""
        return {**self._copy(self._zeros(), into_shards=False), "pending_updates": np.array([self._pending_updates])}

    def load(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Restore what `state` returned."""
        self._pending_updates = int(state["pending_updates"][0])
        self._copy({name: state[name].astype(np.float32) for name in self._zeros()}, into_shards=True)

    def _zeros(self) -> Floats:
        # Undivided arrays for the contents of all shards: weights, biases, and the vectors of the pending updates.
        named: Floats = {}
        for k, layer in enumerate(self._linear):
            named[f"layers.{k}.weight"] = np.zeros((layer.out_features, layer.in_features), np.float32)
            if k > 0:
                named[f"steps.{k}"] = np.zeros((RANK - 1, layer.out_features), np.float32)
                named[f"inputs.{k}"] = np.zeros((RANK - 1, layer.in_features), np.float32)
            if self._networks[0].biases:
                named[f"layers.{k}.bias"] = np.zeros(layer.out_features, np.float32)
        return named

    def _copy(self, named: Floats, *, into_shards: bool) -> Floats:
        # Copies between undivided arrays and the shards; returns the former.
        for shard in self._shards:
            for k, (outputs, inputs) in enumerate(shard.slices):
                weight = named[f"layers.{k}.weight"]
                if into_shards:
                    shard.set_weight(k, weight[outputs, inputs])
                else:
                    weight[outputs, inputs] = shard.weight(k)
                pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
                if k > 0:
                    pairs.append((named[f"steps.{k}"][:, outputs], shard.vectors(k, Field.STEPS)[:-1]))
                    pairs.append((named[f"inputs.{k}"][:, inputs], shard.vectors(k, Field.INPUTS)[:-1]))
                if self._networks[0].biases:
                    pairs.append((named[f"layers.{k}.bias"][outputs], shard.vectors(k, Field.BIAS)[0]))
                for undivided, view in pairs:
                    target, source = (view, undivided) if into_shards else (undivided, view)
                    target[:] = source
        return named
