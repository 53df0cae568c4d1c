"""The optimizers of the library pytorch-optimizer (https://github.com/kozistr/pytorch_optimizer), under one adapter.

The library is an optional dependency, the extra ``optimizers``; it is imported when one of them is built, and
`sfumato.training.engines.requirements` refuses them by name where it is missing.

- Adan: Xie et al. 2022, "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models",
  arXiv 2208.06677
- Lion: Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv 2302.06675
- Apollo: Ma 2020, "Apollo: An Adaptive Parameter-wise Diagonal Quasi-Newton Method for Nonconvex Stochastic
  Optimization", arXiv 2009.13586; without its warm-up, which a schedule can have
- Schedule-Free AdamW: Defazio et al. 2024, "The Road Less Scheduled", arXiv 2405.15682
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers.adam_step import evaluate_closure


class _Adapted(torch.optim.Optimizer):
    """What every optimizer of the library needs here; the first base class of each."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        for parameter in _parameters(self):
            # The library writes to gradients, and automatic differentiation may give one tensor to two parameters.
            if parameter.grad is not None:
                parameter.grad = parameter.grad.clone()
        super().step()
        return loss


class _Averaging(_Adapted):
    """An optimizer that evaluates other weights than those at which it takes gradients."""

    @contextmanager
    def evaluation_weights(self) -> Iterator[None]:
        """Set the parameters to the averaged weights during the block; then restore the same bits."""
        trained = [parameter.detach().clone() for parameter in _parameters(self)]
        self.eval()  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield
        finally:
            # Not the library's own way back, which rounds.
            for group in self.param_groups:
                group["train_mode"] = True
            with torch.no_grad():
                for parameter, saved in zip(_parameters(self), trained, strict=True):
                    parameter.copy_(saved)


def adan(choice: choices.Adan, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Adan (Xie et al. 2022) with all parameters in one group.

    With a gradient g and its change d: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * d,
    n = beta3 * n + (1 - beta3) * (g + beta2 * d)^2, and, with the bias of each corrected as in Adam,
    w = (w - lr * (m + beta2 * v) / (sqrt(n) + eps)) / (1 + lr * weight_decay).
    """
    betas = (choice.beta1, choice.beta2, choice.beta3)
    return _kind("Adan")(
        model.parameters(), lr=choice.lr, betas=betas, eps=choice.eps, weight_decay=choice.weight_decay
    )


def lion(choice: choices.Lion, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Lion (Chen et al. 2023) with all parameters in one group.

    With a gradient g: w -= lr * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * w), then
    m = beta2 * m + (1 - beta2) * g.
    """
    betas = (choice.beta1, choice.beta2)
    return _kind("Lion")(model.parameters(), lr=choice.lr, betas=betas, weight_decay=choice.weight_decay)


def apollo(choice: choices.Apollo, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Apollo (Ma 2020) with all parameters in one group.

    With the last direction d, its 4-norm n, and the difference y of the gradient and its running mean m: the diagonal
    Hessian h -= (d / n)^2 * ((1 - beta) / (1 - beta^t) * sum(y * d) / n^2 + sum(h * d^2) / n^2); then m is updated,
    d = m / max(abs(h), 0.01), and w -= lr * d.
    """
    return _kind("ApolloDQN")(model.parameters(), lr=choice.lr, beta=choice.beta, eps=choice.eps, warmup_steps=0)


def schedule_free(choice: choices.ScheduleFree, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Schedule-Free AdamW (Defazio et al. 2024) with all parameters in one group, in training mode.

    The gradient g is taken at y = (1 - beta1) * z + beta1 * x: z -= lr * g / (sqrt(v) + eps), where v is Adam's running
    mean of g^2, corrected, and x = (1 - c) * x + c * z is the average that is evaluated, c = 1 / t for a constant rate.
    """
    betas = (choice.beta1, choice.beta2)
    return _kind("ScheduleFreeAdamW", _Averaging)(
        model.parameters(), lr=choice.lr, betas=betas, eps=choice.eps, weight_decay=choice.weight_decay
    )


@functools.cache
def _kind(name: str, adapter: type[_Adapted] = _Adapted) -> Callable[..., torch.optim.Optimizer]:
    """Return a class of the library with its adapter, whose methods come before its own."""
    import pytorch_optimizer as library

    return type(name, (adapter, getattr(library, name)), {})


def _parameters(optimizer: torch.optim.Optimizer) -> Iterator[nn.Parameter]:
    for group in optimizer.param_groups:
        yield from group["params"]
