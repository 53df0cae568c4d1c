"""Sophia-H (Liu, Li, Hall, Liang and Ma 2023, "Sophia: A Scalable Stochastic Second-order Optimizer for Language Model
Pre-training", arXiv 2305.14342, Algorithm 3 with the estimator of its Algorithm 1).

The mean gradient m is divided by gamma times an estimate h of the Hessian's diagonal, and each weight's change is
clipped to the learning rate: w := w - lr clip(m / max(gamma h, eps), 1). Where the curvature is small, negative or not
yet known, the update is that of the gradient's sign. The diagonal is estimated by Hutchinson's method, v_i (H v)_i for
normal v, whose expectation is H_ii, at an interval of steps, and averaged. As in the paper neither mean is corrected
for its start at 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sfumato.recipe import choices
from sfumato.training.optimizers.hessian import HessianOptimizer


class Sophia(HessianOptimizer):
    """Sophia-H for all parameters."""

    def __init__(self, model: nn.Module, choice: choices.Sophia) -> None:
        super().__init__(model.parameters(), choice.lr, choice.update_interval)
        self._choice = choice

    def estimate(self, parameter: nn.Parameter, vector: Tensor, product: Tensor) -> None:
        """Update the running mean of the estimates of the diagonal."""
        state = self.state[parameter]
        if not state:
            state.update(mean=torch.zeros_like(parameter), diagonal=torch.zeros_like(parameter))
        state["diagonal"].lerp_(vector * product, 1 - self._choice.beta2)

    def update(self, parameter: nn.Parameter, gradient: Tensor, rate: float, step: int) -> None:  # noqa: ARG002
        """Take the clipped step, and decay the weights."""
        choice, state = self._choice, self.state[parameter]
        mean = state["mean"].lerp_(gradient, 1 - choice.beta1)
        curvature = (choice.gamma * state["diagonal"]).clamp_(min=choice.eps)
        parameter.mul_(1 - rate * choice.weight_decay)
        parameter.add_((mean / curvature).clamp_(-1, 1), alpha=-rate)


def build(choice: choices.Sophia, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return it with all parameters in one group."""
    return Sophia(model, choice)
