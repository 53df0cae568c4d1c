"""Equilibrated stochastic gradient descent: gradients divided by the norms of the Hessian's rows.

For a vector v of independent numbers of mean 0 and variance 1, the expectation of (H v)_i^2 is the squared norm of row
i of the Hessian H. Dauphin, de Vries and Bengio 2015, "Equilibrated adaptive learning rates for non-convex
optimization", divide the gradient by its root, which makes the rows of the Hessian equally long, and the loss better
conditioned, also where curvature is negative.

The form is that with which Chng, Saratchandran and Lucey 2025, "Preconditioners for the Stochastic Training of Neural
Fields" (arXiv 2402.08784), train networks of sines, Gaussians and wavelets: running means as in Adam, random signs in
place of normal vectors, which vary less, and products in the first `warmup` steps and then at an interval. They report
that it is ahead of Adam for these activations and behind it for ReLU. Different from their program
(github.com/sfchng/preconditioner_neural_fields): the running mean of the squares is corrected by the number of its own
updates, where the program counts the steps, and so takes longer steps from the first interval on; and 0.01 is added to
the norms in place of 1e-4, because some rows are almost 0 for networks with other activations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sfumato.recipe import choices
from sfumato.training.optimizers.hessian import HessianOptimizer


class ESGD(HessianOptimizer):
    """Equilibrated stochastic gradient descent with momentum, for all parameters."""

    def __init__(self, model: nn.Module, choice: choices.ESGD) -> None:
        super().__init__(model.parameters(), choice.lr, choice.update_interval, choice.warmup)
        self._choice = choice

    def vector(self, shape: torch.Size, random: torch.Generator) -> Tensor:
        """Return random signs."""
        return torch.randint(0, 2, shape, generator=random).mul_(2).sub_(1)

    def estimate(self, parameter: nn.Parameter, vector: Tensor, product: Tensor) -> None:  # noqa: ARG002
        """Update the running mean of the squared products."""
        state, beta2 = self.state[parameter], self._choice.beta2
        if not state:
            state.update(mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter), estimates=0)
        state["estimates"] += 1
        state["square"].mul_(beta2).addcmul_(product, product, value=1 - beta2)

    def update(self, parameter: nn.Parameter, gradient: Tensor, rate: float, step: int) -> None:
        """Divide the mean gradient by the root of the mean square."""
        choice, state = self._choice, self.state[parameter]
        mean = state["mean"].lerp_(gradient, 1 - choice.beta1)
        norm = (state["square"] / (1 - choice.beta2 ** state["estimates"])).sqrt_().add_(choice.eps)
        parameter.addcdiv_(mean, norm, value=-rate / (1 - choice.beta1**step))


def build(choice: choices.ESGD, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return it with all parameters in one group."""
    return ESGD(model, choice)
