"""Mini-batch training of multilayer perceptrons with hand-derived gradients, on memory allocated once: float32, CPU."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.models.activations import IMPLEMENTATIONS, Activate
from sfumato.models.mlp import MLP
from sfumato.recipe import choices
from sfumato.training.engines import barrier, fused_kernel, fused_update
from sfumato.training.engines.compiled_activation import compiled
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.engines.fused_kernel import Team
from sfumato.training.engines.fused_layout import Layout
from sfumato.training.engines.fused_pass import Network
from sfumato.training.engines.fused_update import Rule
from sfumato.training.engines.memory import zeros
from sfumato.training.engines.online import LOSSES, encoded
from sfumato.training.engines.online_step import Errors

SMALLEST_PART = 16
"""Samples of a step that are worth a thread of their own."""


class Fused(Engine):
    """Trains an MLP on batches; the step is compiled, from the pixels to the new weights."""

    name = "fused"

    def __init__(self, task: Task) -> None:
        """Lay the model's weights out; every input is encoded once, here."""
        model, training = task.model, task.recipe.training
        # Not a subclass, whose forward may be another, nor an activation that has no compiled derivative.
        if type(model) is not MLP or not isinstance(model.activate, Activate):
            raise EngineError(
                f"engine fused trains only the MLP of a recipe. Got {type(model).__name__}; use autograd."
            )
        self._model = model
        self._linear = model.linear_layers()
        self._features = encoded(model, task.coordinates)
        self._targets = np.require(task.targets, np.float32, ["C", "W"])
        self._batch = len(task.targets) if training.batch == "all" else training.batch
        self._errors = Errors(model.squash, LOSSES[type(training.loss)], getattr(training.loss, "delta", 0.0))
        self._activation = compiled(IMPLEMENTATIONS[model.activate.implementation.choice])
        self._biases = self._linear[0].bias is not None
        self._layout = Layout([self._linear[0].in_features, *(layer.out_features for layer in self._linear)])
        threads = max(1, min(task.threads, self._batch // SMALLEST_PART))
        self._weights, self._turned = self._layout.block(), zeros(self._layout.turned)
        self._gradients = zeros(threads * self._layout.parameters)
        self._state = {name: self._layout.block() for name in _state_names(training.optimizer)}
        self._rule = _rule(training.optimizer, self._linear, self._state)
        self._step = 0
        self._counts = barrier.counters(threads)
        self._memory = [self._layout.thread_memory(biases=self._biases) for _ in range(threads)]
        self._teams = [
            Team(part, threads, self._counts, self._gradients.ctypes.data, 4 * self._layout.parameters)
            for part in range(threads)
        ]
        self._networks = [
            Network(
                table=self._layout.table,
                weights=self._weights.ctypes.data,
                turned=self._turned.ctypes.data,
                memory=memory.ctypes.data,
                scratch=memory.ctypes.data + 4 * self._layout.scratch,
                widest=self._layout.widest,
                activation=self._activation.address,
                parameter=model.activate.parameter,
                one=float(self._biases),
            )
            for memory in self._memory
        ]
        self._helpers = ThreadPoolExecutor(threads - 1, "sfumato-fused") if threads > 1 else None
        self._put({name: tensor.detach().numpy() for name, tensor in model.layers.state_dict(prefix="layers.").items()})
        # No step, but the kernel is compiled or loaded now, not while the first steps are timed.
        self._train(0, np.empty(0, np.int64), np.empty(0))

    def advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        """Take the steps; see `Engine.advance`."""
        # Contiguous and writeable, though nobody writes: Numba would compile the kernel anew for other arrays.
        pixels, rates = np.require(pixels, np.int64, ["C", "W"]), np.require(rates, np.float64, ["C", "W"])
        self._counts.fill(0)
        futures = []
        try:
            if self._helpers is not None:
                others = range(1, len(self._teams))
                futures = [self._helpers.submit(self._train, part, pixels, rates) for part in others]
            sums = [self._train(0, pixels, rates)]
        except BaseException:
            barrier.give_up(self._counts)
            wait(futures)
            raise
        sums += [future.result() for future in futures]
        self._step += len(rates)
        return Advance(loss=sum(loss for loss, _ in sums), squared_error=sum(squared for _, squared in sums))

    def _train(self, part: int, pixels: NDArray[np.int64], factors: NDArray[np.float64]) -> tuple[float, float]:
        return fused_kernel.train(
            self._networks[part],
            self._teams[part],
            self._rule,
            self._errors,
            self._features,
            self._targets,
            pixels,
            self._batch,
            factors,
            self._step,
        )

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
        """(M, 2) -> (M, C), the same whatever the number of threads."""
        features = encoded(self._model, coordinates)
        out = np.empty((len(features), self._targets.shape[1]), np.float32)
        parts = len(self._networks)
        bounds = [len(features) * part // parts for part in range(parts + 1)]
        work = [
            (net, features[begin:end], self._errors.squash, out[begin:end])
            for net, begin, end in zip(self._networks, bounds, bounds[1:], strict=False)
        ]
        futures = [self._helpers.submit(fused_kernel.answers, *one) for one in work[1:]] if self._helpers else []
        fused_kernel.answers(*work[0])
        for future in futures:
            future.result()
        return out

    def weights(self) -> Arrays:
        """By the names of the model's ``state_dict``, float32."""
        model = self._model.state_dict()
        own = self._named(self._weights)
        return {name: own[name].copy() if name in own else model[name].numpy().copy() for name in model}

    def state(self) -> Arrays:
        """Weights, what the optimiser remembers, and how many steps it took."""
        blocks = {"weights": self._weights, **self._state}
        return {name: block.copy() for name, block in blocks.items()} | {"step": np.array(self._step)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        for name, block in {"weights": self._weights, **self._state}.items():
            block[:] = state[name]
        self._step = int(state["step"])
        self._turn()

    def _named(self, block: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        named: dict[str, NDArray[np.float32]] = {}
        for k in range(len(self._linear)):
            named[f"layers.{k}.weight"] = self._layout.weight(block, k)
            if self._biases:
                named[f"layers.{k}.bias"] = self._layout.bias(block, k)
        return named

    def _put(self, weights: Mapping[str, NDArray[Any]]) -> None:
        for name, place in self._named(self._weights).items():
            place[:] = weights[name]
        self._turn()

    def _turn(self) -> None:
        for k, row in enumerate(self._layout.table[1:], start=1):
            fused_update.turn(
                self._layout.table,
                k,
                0,
                int(row[fused_update.Field.ROWS]),
                self._weights.ctypes.data,
                self._turned.ctypes.data,
            )


def _state_names(choice: choices.Optimizer) -> list[str]:
    match choice:
        case choices.SGD():
            return ["momenta"] if choice.momentum > 0 else []
        case choices.RMSprop():
            return ["momenta", "squares"] if choice.momentum > 0 else ["squares"]
        case _:
            return ["momenta", "squares"]


def _rule(choice: choices.Optimizer, linear: list[torch.nn.Linear], state: Mapping[str, NDArray[np.float32]]) -> Rule:
    rates = np.full(len(linear), choice.lr)
    momentum, decay, eps, weight_decay, nesterov = 0.0, 0.0, 0.0, 0.0, False
    match choice:
        case choices.SGD():
            kind, momentum, nesterov = fused_update.SGD, choice.momentum, choice.nesterov
            if choice.fan_in_scaling:
                rates = np.array([choice.lr / math.sqrt(layer.in_features + 1) for layer in linear])
        case choices.Adam() | choices.AdamW():
            kind, momentum, decay, eps = fused_update.ADAM, choice.beta1, choice.beta2, choice.eps
            weight_decay = choice.weight_decay if isinstance(choice, choices.AdamW) else 0.0
        case choices.RMSprop():
            kind, momentum, decay, eps = fused_update.RMSPROP, choice.momentum, choice.decay, choice.eps
        case _:
            raise EngineError(f"engine fused has no {choice}.")
    first, second = (state[name].ctypes.data if name in state else 0 for name in ("momenta", "squares"))
    return Rule(kind, rates, momentum, decay, eps, weight_decay, nesterov, first, second)
