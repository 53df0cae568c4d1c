"""Optimizers: PyTorch's own where it has one that is fast here (`pytorch`), each other one in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers.eager import eager_methods, eager_step
from sfumato.training.optimizers.hessian import HessianOptimizer

Build = Callable[[Any, nn.Module, int], torch.optim.Optimizer]
"""The implementation of an optimizer: (choice, model, threads) -> optimizer."""


@runtime_checkable
class AveragingOptimizer(Protocol):
    """An optimizer that makes an average of the weights, which evaluations use: its choice ``averages_weights``."""

    def evaluation_weights(self) -> AbstractContextManager[None]:
        """Return a context in which the parameters are the averaged ones; then they have the same bits as before."""
        ...


def build(choice: choices.Optimizer, model: nn.Module, threads: int = 1) -> torch.optim.Optimizer:
    """Return the optimizer of a model's parameters, at its full learning rate, which itself may use so many threads."""
    make: Build = choice.implementation()
    with eager_methods():
        return make(choice, model, threads)


def exclude(optimizer: torch.optim.Optimizer, parameters: Iterable[nn.Parameter]) -> None:
    """Remove parameters from an optimizer that has taken no step yet."""
    excluded = {id(parameter) for parameter in parameters}
    for group in optimizer.param_groups:
        # In place, because some optimizers keep the list.
        group["params"][:] = [parameter for parameter in group["params"] if id(parameter) not in excluded]
    optimizer.param_groups[:] = [group for group in optimizer.param_groups if group["params"]]


__all__ = ["AveragingOptimizer", "HessianOptimizer", "build", "eager_methods", "eager_step", "exclude"]
