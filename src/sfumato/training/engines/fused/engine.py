"""The engine ``fused``: mini-batch training of MLPs with hand-derived gradients, in float32 on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from concurrent.futures import wait
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.models.mlp import MLP
from sfumato.models.network import LayeredNetwork
from sfumato.parallel import Helpers
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.training.engines import barrier
from sfumato.training.engines.compiled_engine import NO_WEIGHTS, announced, encoded, flushed, is_trained
from sfumato.training.engines.compiled_loss import CompiledLoss
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.engines.fused import kernel
from sfumato.training.engines.fused.encoder import Encoder
from sfumato.training.engines.fused.forward_backward import Network
from sfumato.training.engines.fused.network_layout import activations_of, layout_of, named_parameters
from sfumato.training.engines.fused.optimizer import Optimizer
from sfumato.training.engines.fused.thread_context import Workspace
from sfumato.training.kernels.memory import zeros

MIN_SAMPLES_PER_THREAD = 16
"""Fewest samples per thread for which dividing a step pays off."""


class Fused(Engine):
    """Trains an MLP on batches; the whole step is compiled, from the pixels' indices to the updated weights."""

    name = "fused"

    def __init__(self, task: Task) -> None:
        """Lay out the model's weights, and compute an encoding that is not trained once.

        Raise EngineError for a model that is not a recipe's, or a trained encoding that has no compiled form.
        """
        model, training = task.model, task.recipe.training
        if not isinstance(model, LayeredNetwork) or (activations := activations_of(model)) is None:
            raise EngineError(
                f"engine {self.name} trains only the MLP of a recipe. Got {type(model).__name__}; use autograd."
            )
        self._model = model
        self._shared = task.shared
        dimensions = task.coordinates.shape[1]
        encoding = task.recipe.model.encoding
        self._encoder = Encoder(encoding, model.encode, dimensions) if is_trained(model) else None
        encoder_length = len(self._encoder.parameters) if self._encoder else 0
        self._inputs = self._shared.intern(self._inputs_of(task.coordinates))
        self._targets = self._shared.intern(np.require(task.targets, np.float32, ["C", "W"]))
        self._no_outputs = np.empty((0, self._targets.shape[1]), np.float32)
        self._batch = len(task.targets) if training.batch == "all" else training.batch
        self._loss = CompiledLoss(
            training.loss,
            self._targets.shape[1],
            sigmoid_output=model.sigmoid_output,
            channel_weights=training.channel_weights,
        )
        normalization = model.normalization if isinstance(model, MLP) else NO_NORMALIZATION
        dimensions = dimensions if self._encoder else 0
        self._layout = layout = layout_of(model, activations, normalization=normalization, dimensions=dimensions)
        self._threads = max(1, min(task.threads, self._batch // MIN_SAMPLES_PER_THREAD))
        self._trained, self._weights_t = layout.block(), zeros(layout.weights_t)
        self._weights = layout.block() if layout.normalizes_weights else self._trained
        self._optimizer = Optimizer(training.optimizer, layout, encoder_length, encoding.optimizer())
        self._new_workspace = functools.partial(
            Workspace, layout, self._threads, work=self._optimizer.work, encoder=encoder_length
        )
        self._workspace_kind = (
            *(type(model), layout.biases, model.connections, normalization, layout.dimensions),
            *((layer.in_features, layer.out_features) for layer in model.linear_layers()),
            *(self._threads, self._optimizer.work, encoder_length),
        )
        self._step = 0
        self._helpers = Helpers(self._threads - 1, "sfumato-fused") if self._threads > 1 else None
        self.set_weights({name: tensor.detach().numpy() for name, tensor in model.state_dict().items()})
        # No step: the kernel is compiled or loaded now, not while the first steps are timed.
        with announced(self.name, kernel.train):
            self._run_steps(np.empty(0, np.int64), NO_WEIGHTS, np.empty(0))

    def _inputs_of(self, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the kernel's inputs: coordinates (N, D) if it encodes them itself, else their encoding (N, F)."""
        if self._encoder is not None:
            return np.require(coordinates, np.float32, ["C", "W"])
        return encoded(self._model, coordinates)

    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take ``len(rates)`` steps, and return sums over their samples."""
        # Contiguous and writable, though they are only read: Numba would compile the kernel again for other arrays.
        pixels, rates = np.require(pixels, np.int64, ["C", "W"]), np.require(rates, np.float64, ["C", "W"])
        factors = NO_WEIGHTS if weights is None else np.require(weights, np.float32, ["C", "W"])
        if self._encoder is not None and not self._optimizer.reads_samples:
            pixels, factors = _sorted_batches(pixels, factors, self._batch)
        if self._step == 0 and len(rates) > 0 and self._optimizer.needs_initial_pass:
            self._run_steps(pixels[: self._batch], factors[: self._batch], np.zeros(1))
            self._optimizer.refresh_preconditioner(self._threads)
            self._optimizer.discard_initial_pass()
        loss = squared_error = 0.0
        taken = 0
        while taken < len(rates):
            limit = self._optimizer.steps_until_refresh(self._step)
            count = len(rates) - taken if limit is None else min(limit, len(rates) - taken)
            some = slice(taken * self._batch, (taken + count) * self._batch)
            sums = self._run_steps(pixels[some], factors[some], rates[taken : taken + count])
            loss, squared_error = loss + sums.loss, squared_error + sums.squared_error
            self._step += count
            taken += count
            if count == limit:
                self._optimizer.refresh_preconditioner(self._threads)
        return Advance(loss, squared_error)

    def _run_steps(
        self, pixels: NDArray[np.int64], weights: NDArray[np.float32], lr_factors: NDArray[np.float64]
    ) -> Advance:
        """Take steps without interruption, on all threads."""
        with self._workspace() as workspace:
            barrier.begin(workspace.barrier)
            work = [
                (network, np.array(thread), pixels, weights, lr_factors)
                for network, thread in zip(self._networks(workspace), workspace.contexts, strict=True)
            ]
            futures = []
            try:
                if self._helpers is not None:
                    futures = [self._helpers.submit(self._train, *one) for one in work[1:]]
                sums = [self._train(*work[0])]
            except BaseException:
                barrier.give_up(workspace.barrier)
                wait(futures)
                raise
            sums += [future.result() for future in futures]
        return Advance(loss=sum(loss for loss, _ in sums), squared_error=sum(squared for _, squared in sums))

    def _train(
        self,
        network: NDArray[np.int64],
        thread: NDArray[np.int64],
        pixels: NDArray[np.int64],
        weights: NDArray[np.float32],
        lr_factors: NDArray[np.float64],
    ) -> tuple[float, float]:
        with flushed():
            return kernel.train(
                network.ctypes.data,
                thread.ctypes.data,
                self._optimizer.context,
                self._loss.spec,
                self._inputs,
                self._targets,
                self._no_outputs if self.last_outputs is None else self.last_outputs,
                pixels,
                weights,
                self._batch,
                lr_factors,
                self._step,
            )

    def _workspace(self) -> AbstractContextManager[Workspace]:
        return self._shared.borrow(self._workspace_kind, self._new_workspace)

    def _networks(self, workspace: Workspace) -> list[NDArray[np.int64]]:
        """Return each thread's `Network` as int64."""
        return [np.array(self._network(memory.ctypes.data)) for memory in workspace.memories]

    def _network(self, memory: int) -> Network:
        layout = self._layout
        return Network(
            table=layout.table.ctypes.data,
            layers=len(layout.table),
            trained=self._trained.ctypes.data,
            weights=self._weights.ctypes.data,
            weights_t=self._weights_t.ctypes.data,
            memory=memory,
            scratch=memory + 4 * layout.scratch,
            widest=layout.widest,
            biases=int(layout.biases),
            encoder=self._encoder.address if self._encoder else 0,
            coordinates=memory + 4 * layout.coordinates,
            input_grads=memory + 4 * layout.input_grads,
        )

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the unclipped outputs, (M, D) -> (M, C), the same for any number of threads."""
        inputs = self._inputs_of(coordinates)
        out = np.empty((len(inputs), self._targets.shape[1]), np.float32)
        bounds = [len(inputs) * rank // self._threads for rank in range(self._threads + 1)]
        with self._workspace() as workspace:
            work = [
                (network, inputs[begin:end], self._loss.spec.sigmoid_output, out[begin:end])
                for network, begin, end in zip(self._networks(workspace), bounds, bounds[1:], strict=False)
            ]
            futures = [self._helpers.submit(_compute_outputs, *one) for one in work[1:]] if self._helpers else []
            _compute_outputs(*work[0])
            for future in futures:
                future.result()
        return out

    def weights(self) -> Arrays:
        """Return copies by the names of the model's ``state_dict``, float32."""
        model = self._model.state_dict()
        named = self._named()
        return {name: named[name].copy() if name in named else model[name].numpy().copy() for name in model}

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the trained parameters, among what `weights` returned."""
        for name, array in self._named().items():
            array[:] = weights[name]
        self._prepare_weights()

    def state(self) -> Arrays:
        """Return copies of weights, a trained encoding's parameters, the optimizer's state, and the steps taken."""
        return {name: block.copy() for name, block in self._blocks().items()} | {"step": np.array(self._step)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        for name, block in self._blocks().items():
            block[:] = state[name]
        self._step = int(state["step"])
        self._prepare_weights()

    def _blocks(self) -> dict[str, NDArray[np.float32]]:
        encoder = {"encode": self._encoder.parameters} if self._encoder else {}
        return {"weights": self._trained, **encoder, **self._optimizer.state}

    def _named(self) -> dict[str, NDArray[np.float32]]:
        encoder = self._encoder.named if self._encoder else {}
        named = {f"encode.{name}": parameter for name, parameter in encoder.items()}
        return named | named_parameters(self._model, self._layout, self._trained)

    def _prepare_weights(self) -> None:
        """Compute from the trained numbers what products take."""
        if self._layout.normalizes_weights:
            with self._workspace() as workspace, flushed():
                kernel.normalize(self._networks(workspace)[0].ctypes.data)
            return
        for layer in range(len(self._layout.table)):
            if self._layout.has_weight_t(layer):
                self._layout.transpose(self._weights, self._weights_t, layer)


def _sorted_batches(
    pixels: NDArray[np.int64], weights: NDArray[np.float32], batch: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return each step's samples in the order of the pixels: neighbors find the same parameters in the caches.

    ``weights`` are those of the samples, or empty.
    """
    whole = len(pixels) - len(pixels) % batch
    if not len(weights):
        steps = np.sort(pixels[:whole].reshape(-1, batch), axis=1).ravel()
        return np.concatenate([steps, np.sort(pixels[whole:])]), weights
    starts = np.arange(0, whole, batch)[:, np.newaxis]
    order = (np.argsort(pixels[:whole].reshape(-1, batch), axis=1) + starts).ravel()
    order = np.concatenate([order, whole + np.argsort(pixels[whole:])])
    return pixels[order], weights[order]


def _compute_outputs(network: NDArray[np.int64], *rest: Any) -> None:
    with flushed():
        kernel.outputs(network.ctypes.data, *rest)
