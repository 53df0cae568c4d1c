"""Adam that skips weights whose gradient is 0, with a count of updates per weight, as Instant-NGP trains its tables.

In a table of features only the rows near a step's samples have gradients. Adam would move all others along their old
momenta, and would shrink their mean squares meanwhile. For the others, w -= lr * (m / (1 - beta1^t)) /
(sqrt(v / (1 - beta2^t)) + eps), as in Adam (Kingma and Ba 2015), but t is the count of the weight's own updates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers.adam_step import evaluate_closure


class LazyAdam(torch.optim.Optimizer):
    """Lazy Adam for all parameters, in one group."""

    def __init__(self, parameters: Any, choice: choices.LazyAdam) -> None:
        super().__init__(parameters, {"lr": choice.lr})
        self._choice = choice

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update the weights whose gradients are not 0; return the closure's loss."""
        loss = evaluate_closure(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group["lr"])
        return loss

    def _update(self, parameter: nn.Parameter, rate: float) -> None:
        gradient, state, choice = parameter.grad, self.state[parameter], self._choice
        assert gradient is not None
        if not state:
            state.update({name: torch.zeros_like(parameter) for name in ("mean", "square", "steps")})
        mean, square, steps = state["mean"], state["square"], state["steps"]
        touched = (gradient != 0).to(gradient.dtype)
        steps.add_(touched)
        mean.lerp_(gradient, touched * (1 - choice.beta1))
        square.lerp_(gradient * gradient, touched * (1 - choice.beta2))
        # A weight without updates yet would divide 0 by 0.
        counted = steps.clamp_min(1)
        root = (square / (1 - choice.beta2**counted)).sqrt_().add_(choice.eps)
        parameter.sub_(touched * mean / (1 - choice.beta1**counted) / root, alpha=rate)


def build(choice: choices.LazyAdam, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return lazy Adam with all parameters in one group."""
    return LazyAdam(model.parameters(), choice)
