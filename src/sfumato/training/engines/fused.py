"""Mini-batch training of multilayer perceptrons with hand-derived gradients, on memory allocated once: float32, CPU."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import wait
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.models.activations import Activate
from sfumato.models.mlp import MLP
from sfumato.parallel import Helpers
from sfumato.training.engines import barrier, fused_kernel
from sfumato.training.engines.compiled_activation import compiled
from sfumato.training.engines.compiled_error import errors_of
from sfumato.training.engines.compiling import announced
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.engines.features import encoded
from sfumato.training.engines.fused_layout import Layout
from sfumato.training.engines.fused_optimizer import Optimizer
from sfumato.training.engines.fused_pass import Network
from sfumato.training.engines.fused_team import Team, Workspace
from sfumato.training.engines.memory import zeros
from sfumato.training.engines.subnormal import flushed

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
                f"engine {self.name} trains only the MLP of a recipe. Got {type(model).__name__}; use autograd."
            )
        self._model = model
        self._linear = model.linear_layers()
        self._shared = task.shared
        self._features = self._shared.one(encoded(model, task.coordinates))
        self._targets = self._shared.one(np.require(task.targets, np.float32, ["C", "W"]))
        self._nowhere = np.empty((0, self._targets.shape[1]), np.float32)
        self._batch = len(task.targets) if training.batch == "all" else training.batch
        self._errors = errors_of(training.loss, squash=model.squash)
        self._activation = compiled(model.activate.choice)
        sizes = [self._linear[0].in_features, *(layer.out_features for layer in self._linear)]
        self._layout = layout = Layout(sizes, biases=self._linear[0].bias is not None, wiring=model.wiring)
        threads = max(1, min(task.threads, self._batch // SMALLEST_PART))
        self._threads = threads
        self._weights, self._turned = layout.block(), zeros(layout.turned)
        self._optimizer = Optimizer(training.optimizer, self._linear, layout)
        self._kind = (*sizes, layout.biases, model.wiring, threads, self._optimizer.needs_room)
        self._step = 0
        self._network = Network(
            table=layout.table,
            weights=self._weights.ctypes.data,
            turned=self._turned.ctypes.data,
            memory=0,
            scratch=0,
            widest=layout.widest,
            activation=self._activation.function,
            parameters=self._activation.parameters,
            one=float(layout.biases),
        )
        self._helpers = Helpers(threads - 1, "sfumato-fused") if threads > 1 else None
        self._put({name: tensor.detach().numpy() for name, tensor in model.layers.state_dict(prefix="layers.").items()})
        # No step, but the kernel is compiled or loaded now, not while the first steps are timed.
        with announced(self.name, fused_kernel.train):
            self._stretch(np.empty(0, np.int64), np.empty(0))

    def advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        """Take the steps; see `Engine.advance`."""
        # Contiguous and writeable, though nobody writes: Numba would compile the kernel anew for other arrays.
        pixels, rates = np.require(pixels, np.int64, ["C", "W"]), np.require(rates, np.float64, ["C", "W"])
        if self._step == 0 and len(rates) > 0 and self._optimizer.looks_first:
            self._stretch(pixels[: self._batch], np.zeros(1))
            self._optimizer.pause(self._threads)
            self._optimizer.forget_but_inputs()
        loss = squared_error = 0.0
        taken = 0
        while taken < len(rates):
            most = self._optimizer.steps_until_pause(self._step)
            count = len(rates) - taken if most is None else min(most, len(rates) - taken)
            some = pixels[taken * self._batch : (taken + count) * self._batch]
            sums = self._stretch(some, rates[taken : taken + count])
            loss, squared_error = loss + sums.loss, squared_error + sums.squared_error
            self._step += count
            taken += count
            if count == most:
                self._optimizer.pause(self._threads)
        return Advance(loss, squared_error)

    def _stretch(self, pixels: NDArray[np.int64], factors: NDArray[np.float64]) -> Advance:
        """Steps without a break, on all threads."""
        kept = self._optimizer.kept(self._step, len(factors))
        with self._workspace() as workspace:
            barrier.begin(workspace.counts)
            work = [
                (network, team, pixels, factors, kept)
                for network, team in zip(self._networks(workspace), workspace.teams, strict=True)
            ]
            futures = []
            try:
                if self._helpers is not None:
                    futures = [self._helpers.submit(self._train, *one) for one in work[1:]]
                sums = [self._train(*work[0])]
            except BaseException:
                barrier.give_up(workspace.counts)
                wait(futures)
                raise
            sums += [future.result() for future in futures]
        return Advance(loss=sum(loss for loss, _ in sums), squared_error=sum(squared for _, squared in sums))

    def _train(
        self,
        network: Network,
        team: Team,
        pixels: NDArray[np.int64],
        factors: NDArray[np.float64],
        kept: NDArray[np.float64],
    ) -> tuple[float, float]:
        with flushed():
            return fused_kernel.train(
                network,
                team,
                self._optimizer.rule,
                self._optimizer.foof,
                self._optimizer.muon,
                kept,
                self._errors,
                self._features,
                self._targets,
                self._kept_answers,
                pixels,
                self._batch,
                factors,
                self._step,
            )

    @property
    def _kept_answers(self) -> NDArray[np.float32]:
        return self._nowhere if self.answers is None else self.answers

    def _workspace(self) -> AbstractContextManager[Workspace]:
        return self._shared.lent(self._kind, self._new_workspace)

    def _new_workspace(self) -> Workspace:
        return Workspace(self._layout, self._threads, room=self._optimizer.needs_room)

    def _networks(self, workspace: Workspace) -> list[Network]:
        """The network as each thread has it."""
        places = [memory.ctypes.data for memory in workspace.memories]
        return [
            self._network._replace(memory=place, scratch=place + 4 * self._layout.scratch)  # pyright: ignore[reportPrivateUsage]
            for place in places
        ]

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
        """(M, 2) -> (M, C), the same whatever the number of threads."""
        features = encoded(self._model, coordinates)
        out = np.empty((len(features), self._targets.shape[1]), np.float32)
        bounds = [len(features) * part // self._threads for part in range(self._threads + 1)]
        with self._workspace() as workspace:
            work = [
                (network, features[begin:end], self._errors.squash, out[begin:end])
                for network, begin, end in zip(self._networks(workspace), bounds, bounds[1:], strict=False)
            ]
            futures = [self._helpers.submit(_answer, *one) for one in work[1:]] if self._helpers else []
            _answer(*work[0])
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
        blocks = {"weights": self._weights, **self._optimizer.state}
        return {name: block.copy() for name, block in blocks.items()} | {"step": np.array(self._step)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        for name, block in {"weights": self._weights, **self._optimizer.state}.items():
            block[:] = state[name]
        self._step = int(state["step"])
        self._turn()

    def _named(self, block: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        named: dict[str, NDArray[np.float32]] = {}
        for k in range(len(self._linear)):
            named[f"layers.{k}.weight"] = self._layout.weight(block, k)
            if self._layout.biases:
                named[f"layers.{k}.bias"] = self._layout.bias(block, k)
        return named

    def _put(self, weights: Mapping[str, NDArray[Any]]) -> None:
        for name, place in self._named(self._weights).items():
            place[:] = weights[name]
        self._turn()

    def _turn(self) -> None:
        for layer in range(1, len(self._linear)):
            self._layout.turned_weight(self._turned, layer)[:] = self._layout.weight(self._weights, layer)


def _answer(*work: Any) -> None:
    with flushed():
        fused_kernel.answers(*work)
