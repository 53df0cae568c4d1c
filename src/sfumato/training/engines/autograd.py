"""Trains any module at all, by PyTorch's automatic differentiation."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato import models
from sfumato.parallel import parallel_map
from sfumato.process_state import torch_threads
from sfumato.training import losses, optimizers
from sfumato.training.engines.compiled_outputs import outputs
from sfumato.training.engines.custom_draws import CustomDraws
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.nested import flatten, unflatten

SMALLEST_PIECE = 32
"""Samples that are worth a thread of their own."""


class Autograd(Engine):
    """One optimizer step a batch, on the CPU or a CUDA device, in the precision of the recipe.

    On several cores the samples of a batch are divided between threads, whose gradients are added in order: the same
    bits for the same number of threads. Modules that are not ours may keep state while they compute, so they are run
    in one thread, and within each operation by PyTorch's own.
    """

    name = "autograd"

    def __init__(self, task: Task) -> None:
        recipe = task.recipe
        device, dtype = torch.device(recipe.device), models.DTYPES[recipe.dtype]
        self._model = models.to_device(task.model, device, dtype)
        self._named = models.unwrap(self._model)
        # Our own networks draw nothing while they compute.
        self._draws = None if recipe.model.module is None else CustomDraws(recipe.seed, device)
        self._parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]
        self._coordinates = torch.from_numpy(task.coordinates).to(device, dtype)
        self._targets = torch.from_numpy(task.targets).to(device, dtype)
        self._loss = recipe.training.loss
        self._batch = len(task.coordinates) if recipe.training.batch == "all" else recipe.training.batch
        self._threads = task.threads
        self._divides = isinstance(task.model, models.MLP) and device.type == "cpu"
        self._divides = self._divides and not recipe.training.optimizer.hooks_layers
        workers = task.threads if self._divides else 1
        self._optimizer = optimizers.build(recipe.training.optimizer, self._named, workers)
        self._rates: list[float] = [group["lr"] for group in self._optimizer.param_groups]

    def advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        """Take the steps one by one."""
        with torch_threads(1 if self._divides else self._threads):
            return self._advance(pixels, rates)

    def _advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        sums = torch.zeros(2, dtype=torch.float64)
        batches = torch.from_numpy(pixels).to(self._coordinates.device).split(self._batch)
        with self._drawing():
            for batch, factor in zip(batches, rates, strict=True):
                for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
                    group["lr"] = rate * float(factor)
                sums += self._step(batch)
        loss, squared_error = sums.tolist()
        return Advance(loss, squared_error)

    def _step(self, batch: Tensor) -> Tensor:
        pieces = batch.chunk(max(1, min(self._threads, len(batch) // SMALLEST_PIECE)) if self._divides else 1)
        seen: list[Tensor] = []

        def gradients(piece: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            answers = self._model(self._coordinates[piece])
            if self.answers is not None and not seen:
                self.answers[piece.cpu().numpy()] = answers.detach().float().cpu().numpy()
            errors = answers - self._targets[piece]
            loss = losses.per_sample(self._loss, errors).sum()
            found = torch.autograd.grad(loss / len(batch), self._parameters, allow_unused=True, materialize_grads=True)
            apart = errors.detach()
            return torch.stack([loss.detach(), (apart * apart).sum()]).double().cpu(), found

        def closure() -> float:
            found = parallel_map(gradients, pieces, self._threads) if self._divides else [gradients(batch)]
            for parameter, *parts in zip(self._parameters, *(part for _, part in found), strict=True):
                parameter.grad = functools.reduce(torch.add, parts)
            # L-BFGS asks several times in one step: the samples are measured before the first.
            seen.append(torch.stack([sums for sums, _ in found]).sum(dim=0))
            return float(seen[-1][0]) / len(batch)

        self._optimizer.step(closure)
        return seen[0]

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        if self._draws is None:
            yield
        else:
            with self._draws.scope():
                yield

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """See `Engine.outputs`."""
        if self._draws is None:
            return outputs(self._model, coordinates, self._threads if type(self._model) is models.MLP else 1)
        with self._draws.looking():
            return outputs(self._model, coordinates, 1)

    def weights(self) -> Arrays:
        """See `Engine.weights`."""
        state = self._named.state_dict()
        if other := next((name for name, value in state.items() if not isinstance(value, Tensor)), None):
            raise TypeError(f"its {other} is no tensor, and cannot be saved; hold it in a buffer")
        return {name: _array(value) for name, value in state.items()}

    def state(self) -> Arrays:
        """See `Engine.state`."""
        model = {f"model/{name}": value for name, value in self.weights().items()}
        buffers = {f"buffers/{name}": _array(value) for name, value in self._unsaved_buffers().items()}
        optimizer = {f"optimizer/{name}": value for name, value in flatten(self._optimizer.state_dict()).items()}
        return model | buffers | optimizer | ({} if self._draws is None else self._draws.state())

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """See `Engine.load`."""
        self._named.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in _part(state, "model/")})
        with torch.no_grad():
            for name, buffer in self._unsaved_buffers().items():
                buffer.copy_(torch.from_numpy(state[f"buffers/{name}"].copy()))
        self._optimizer.load_state_dict(unflatten(dict(_part(state, "optimizer/"))))
        if self._draws is not None:
            self._draws.load(state)

    def _unsaved_buffers(self) -> dict[str, Tensor]:
        """Those that are no part of the ``state_dict``, but that training goes on with all the same."""
        saved = self._named.state_dict()
        return {name: buffer for name, buffer in self._named.named_buffers() if name not in saved}


def _array(values: Tensor) -> NDArray[Any]:
    return values.detach().cpu().numpy().copy()


def _part(state: Mapping[str, NDArray[Any]], prefix: str) -> list[tuple[str, NDArray[Any]]]:
    return [(name.removeprefix(prefix), value) for name, value in state.items() if name.startswith(prefix)]
