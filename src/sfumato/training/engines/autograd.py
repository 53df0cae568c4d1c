"""The engine that trains any `nn.Module` with PyTorch's automatic differentiation."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato import models
from sfumato.models.filter_network import FilterNetwork
from sfumato.parallel import parallel_map
from sfumato.process_state import torch_threads
from sfumato.training import losses, optimizers
from sfumato.training.engines.compiled_outputs import outputs
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.engines.torch_state import CustomDraws, flatten, unflatten

MIN_SAMPLES_PER_THREAD = 32
"""Fewest samples per thread for which dividing a batch pays off."""


class Autograd(Engine):
    """Trains with one optimizer step per batch, on the CPU or a CUDA device, in the precision of the recipe.

    On several cores the samples of a batch are divided between threads, whose gradients are added in a fixed order: the
    same number of threads gives the same bits. A custom module may change state in its forward pass, so it is called
    from one thread, and only PyTorch's operations use several.
    """

    name = "autograd"

    def __init__(self, task: Task) -> None:
        recipe = task.recipe
        device, dtype = torch.device(recipe.device), models.DTYPES[recipe.dtype]
        self._model = models.to_device(task.model, device, dtype)
        self._named = models.unwrap(self._model)
        # The networks of a recipe draw no random numbers in their forward pass.
        self._draws = None if recipe.model.module is None else CustomDraws(recipe.seed, device)
        self._parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]
        self._coordinates = torch.from_numpy(task.coordinates).to(device, dtype)
        self._targets = torch.from_numpy(task.targets).to(device, dtype)
        self._loss, weights = recipe.training.loss, recipe.training.channel_weights
        self._channel_weights = None if weights is None else torch.tensor(weights, dtype=dtype, device=device)
        self._shape = task.shape or (1, len(task.coordinates))
        self._batch = len(task.coordinates) if recipe.training.batch == "all" else recipe.training.batch
        self._threads = task.threads
        self._splits_batches = isinstance(task.model, models.LayeredNetwork) and device.type == "cpu"
        self._splits_batches &= not (recipe.training.optimizer.hooks_layers or self._loss.of_pictures)
        workers = task.threads if self._splits_batches else 1
        self._optimizer = optimizers.build(recipe.training.optimizer, self._named, workers)
        self._encoder_optimizer = self._optimizer_of_encoding(task)
        self._optimizers = [each for each in (self._optimizer, self._encoder_optimizer) if each is not None]
        self._learning_rates: list[float] = [group["lr"] for group in self._groups()]
        # The outputs of training are those of other weights than the averaged ones.
        self.keeps_outputs = not isinstance(self._optimizer, optimizers.AveragingOptimizer)

    def _optimizer_of_encoding(self, task: Task) -> torch.optim.Optimizer | None:
        """Return the encoding's own optimizer, and take its parameters from the recipe's; None if it has none."""
        choice, model = task.recipe.model.encoding.optimizer(), self._named
        if choice is None or not isinstance(model, models.LayeredNetwork):
            return None
        optimizers.exclude(self._optimizer, model.encode.parameters())
        return optimizers.build(choice, model.encode)

    def _groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self._optimizers for group in optimizer.param_groups]

    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take the steps one by one, and return sums over their samples."""
        with torch_threads(1 if self._splits_batches else self._threads):
            return self._advance(pixels, rates, weights)

    def _advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None
    ) -> Advance:
        sums = torch.zeros(2, dtype=torch.float64)
        batches = torch.from_numpy(pixels).to(self._coordinates.device).split(self._batch)
        factors = None if weights is None else torch.from_numpy(weights).to(self._coordinates).split(self._batch)
        with self._drawing():
            for step, (batch, factor) in enumerate(zip(batches, rates, strict=True)):
                for group, rate in zip(self._groups(), self._learning_rates, strict=True):
                    group["lr"] = rate * float(factor)
                sums += self._step(batch, None if factors is None else factors[step])
        loss, squared_error = sums.tolist()
        return Advance(loss, squared_error)

    def _step(self, batch: Tensor, weights: Tensor | None) -> Tensor:
        count = max(1, min(self._threads, len(batch) // MIN_SAMPLES_PER_THREAD)) if self._splits_batches else 1
        pieces = [(piece, None) for piece in batch.chunk(count)]
        if weights is not None:
            pieces = list(zip(batch.chunk(count), weights.chunk(count), strict=True))
        totals: list[Tensor] = []

        def gradients(weighted: tuple[Tensor, Tensor | None]) -> tuple[Tensor, tuple[Tensor, ...]]:
            piece, factors = weighted
            *coarse, predicted = self._outputs(self._coordinates[piece])
            if self.last_outputs is not None and not totals:
                rows, values = piece.cpu().numpy(), predicted.detach().float().cpu().numpy()
                kept = rows < len(self.last_outputs)
                self.last_outputs[rows[kept]] = values[kept]
            targets = self._targets[piece]
            if self._loss.of_pictures:
                order = piece.argsort()

                def loss_of(outputs: Tensor) -> Tensor:
                    return losses.total(self._loss, outputs[order], targets[order], self._shape, self._channel_weights)
            else:

                def loss_of(outputs: Tensor) -> Tensor:
                    sample_losses = losses.per_sample(self._loss, outputs, targets, self._channel_weights)
                    return (sample_losses if factors is None else sample_losses * factors).sum()

            loss = loss_of(predicted)
            if coarse:
                loss = functools.reduce(torch.add, map(loss_of, coarse), loss) / (len(coarse) + 1)
            grads = torch.autograd.grad(loss / len(batch), self._parameters, allow_unused=True, materialize_grads=True)
            errors = (predicted - targets).detach()
            squares = errors * errors if factors is None else errors * errors * factors.unsqueeze(1)
            return torch.stack([loss.detach(), squares.sum()]).double().cpu(), grads

        def closure() -> float:
            results = parallel_map(gradients, pieces, self._threads) if self._splits_batches else [gradients(pieces[0])]
            for parameter, *partial in zip(self._parameters, *(grads for _, grads in results), strict=True):
                parameter.grad = functools.reduce(torch.add, partial)
            # L-BFGS calls the closure several times per step; the first call measures the samples before the update.
            totals.append(torch.stack([sums for sums, _ in results]).sum(dim=0))
            return float(totals[-1][0]) / len(batch)

        optimizers.eager_step(self._optimizer, closure)
        if self._encoder_optimizer is not None:
            # With the gradients of the closure's last call, before the step above changed the weights.
            optimizers.eager_step(self._encoder_optimizer, None)
        return totals[0]

    def _outputs(self, coordinates: Tensor) -> list[Tensor]:
        """Return the outputs on which the loss is averaged, (N, C) each; the last are the network's."""
        if isinstance(self._model, FilterNetwork) and self._model.heads:
            return list(self._model(coordinates, all_scales=True))
        return [self._model(coordinates)]

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        if self._draws is None:
            yield
        else:
            with self._draws.scope():
                yield

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """Return the unclipped outputs, (M, D) -> (M, C), in the recipe's precision; random streams do not advance."""
        with self._evaluation_weights():
            if self._draws is None:
                return outputs(
                    self._model, coordinates, self._threads if isinstance(self._model, models.LayeredNetwork) else 1
                )
            with self._draws.peek():
                return outputs(self._model, coordinates, 1)

    def weights(self) -> Arrays:
        """Return copies of the model's ``state_dict``. Raise TypeError if one of its values is not a tensor."""
        with self._evaluation_weights():
            return self._weights()

    def _weights(self) -> Arrays:
        state = self._named.state_dict()
        if other := next((name for name, value in state.items() if not isinstance(value, Tensor)), None):
            raise TypeError(f"its {other} is not a tensor, and cannot be saved; register it as a buffer")
        return {name: _array(value) for name, value in state.items()}

    def state(self) -> Arrays:
        """Return copies of weights, buffers, the optimizer's state, and the state of the random streams."""
        model = {f"model/{name}": value for name, value in self._weights().items()}
        buffers = {f"buffers/{name}": _array(value) for name, value in self._unsaved_buffers().items()}
        optimizer: Arrays = {}
        with optimizers.eager_methods():
            for prefix, each in self._by_prefix():
                optimizer |= {f"{prefix}{name}": value for name, value in flatten(each.state_dict()).items()}
        return model | buffers | optimizer | ({} if self._draws is None else self._draws.state())

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the model's ``state_dict``."""
        self._named.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights.items()})

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        self.set_weights(dict(_entries(state, "model/")))
        with torch.no_grad():
            for name, buffer in self._unsaved_buffers().items():
                buffer.copy_(torch.from_numpy(state[f"buffers/{name}"].copy()))
        with optimizers.eager_methods():
            for prefix, each in self._by_prefix():
                each.load_state_dict(unflatten(dict(_entries(state, prefix))))
        if self._draws is not None:
            self._draws.load(state)

    def _by_prefix(self) -> list[tuple[str, torch.optim.Optimizer]]:
        """Return each optimizer with the prefix of its state's names."""
        prefixes = ("optimizer/", "encoder_optimizer/")
        return list(zip(prefixes, self._optimizers, strict=False))

    def _evaluation_weights(self) -> AbstractContextManager[None]:
        """Return a context with the weights that are evaluated: an average, if the optimizer makes one."""
        if isinstance(self._optimizer, optimizers.AveragingOptimizer):
            return self._optimizer.evaluation_weights()
        return nullcontext()

    def _unsaved_buffers(self) -> dict[str, Tensor]:
        """Return the buffers that are not in the ``state_dict``, but on which training depends."""
        saved = self._named.state_dict()
        return {name: buffer for name, buffer in self._named.named_buffers() if name not in saved}


def _array(values: Tensor) -> NDArray[Any]:
    return values.detach().cpu().numpy().copy()


def _entries(state: Mapping[str, NDArray[Any]], prefix: str) -> list[tuple[str, NDArray[Any]]]:
    return [(name.removeprefix(prefix), value) for name, value in state.items() if name.startswith(prefix)]
