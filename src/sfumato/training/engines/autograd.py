"""Trains any module at all, by PyTorch's automatic differentiation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.recipe import Recipe
from sfumato.training import losses, optimizers
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.nested import flatten, unflatten


class Autograd(Engine):
    """One optimiser step a batch, on the CPU or a CUDA device, in the precision of the recipe."""

    name = "autograd"

    @classmethod
    def why_not(cls, recipe: Recipe) -> list[str]:
        """Only a device that is not there."""
        if recipe.device == "cuda" and not torch.cuda.is_available():
            return ["device cuda is not available here"]
        return []

    def __init__(self, task: Task) -> None:
        recipe = task.recipe
        device, dtype = torch.device(recipe.device), models.DTYPES[recipe.dtype]
        torch.set_num_threads(task.threads)
        self._model = task.model.to(device, dtype)
        self._coordinates = torch.from_numpy(task.coordinates).to(device, dtype)
        self._targets = torch.from_numpy(task.targets).to(device, dtype)
        self._loss = recipe.training.loss
        self._batch = len(task.coordinates) if recipe.training.batch == "all" else recipe.training.batch
        self._optimizer = optimizers.build(recipe.training.optimizer, self._model)
        self._rates: list[float] = [group["lr"] for group in self._optimizer.param_groups]

    def advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        """Take the steps one by one."""
        device = self._coordinates.device
        sums = torch.zeros(2, dtype=torch.float64, device=device)
        batches = torch.from_numpy(pixels).to(device).split(self._batch)
        for batch, factor in zip(batches, rates, strict=True):
            for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * float(factor)
            sums += self._step(self._coordinates[batch], self._targets[batch])
        loss, squared_error = sums.tolist()
        return Advance(loss, squared_error)

    def _step(self, coordinates: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        sums: list[torch.Tensor] = []

        def closure() -> float:
            self._optimizer.zero_grad()
            errors = self._model(coordinates) - targets
            loss = losses.per_sample(self._loss, errors).sum()
            if not sums:
                # L-BFGS asks several times in one step: the sample is measured before the first.
                seen = errors.detach()
                sums.append(torch.stack([loss.detach(), (seen * seen).sum()]).double())
            mean = loss / len(targets)
            mean.backward()
            return float(mean.detach())

        self._optimizer.step(closure)
        return sums[0]

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """See `Engine.outputs`."""
        return models.outputs(self._model, coordinates)

    def weights(self) -> Arrays:
        """See `Engine.weights`."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self._model.state_dict().items()}

    def state(self) -> Arrays:
        """See `Engine.state`."""
        model = {f"model/{name}": value for name, value in self.weights().items()}
        optimizer = {f"optimizer/{name}": value for name, value in flatten(self._optimizer.state_dict()).items()}
        return model | optimizer

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """See `Engine.load`."""
        self._model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in _part(state, "model/")})
        self._optimizer.load_state_dict(unflatten(dict(_part(state, "optimizer/"))))


def _part(state: Mapping[str, NDArray[Any]], prefix: str) -> list[tuple[str, NDArray[Any]]]:
    return [(name.removeprefix(prefix), value) for name, value in state.items() if name.startswith(prefix)]
