"""Hessian-vector products, and the base class of optimizers that estimate the diagonal of the Hessian from them.

The product of the loss's Hessian with a vector is the derivative of the scalar product of the gradient with that vector
(Pearlmutter 1994, "Fast Exact Multiplication by the Hessian"). So the gradients must be differentiable in the steps in
which an optimizer asks for it: `HessianOptimizer.differentiates`. Vectors are seeded by the step's number, so that a
resumed training gives the same bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.training.optimizers.adam_step import evaluate_closure


def hessian_vector_products(
    parameters: Sequence[Tensor], gradients: Sequence[Tensor], vectors: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Return H v for each parameter, in its shape; ``gradients`` differentiable, ``vectors`` the pieces of v.

    A gradient that depends on no parameter, as of the outputs' biases with the absolute error, contributes 0.
    """
    pairs = [(each, vector) for each, vector in zip(gradients, vectors, strict=True) if each.requires_grad]
    if not pairs:
        return tuple(torch.zeros_like(parameter) for parameter in parameters)
    differentiable, their_vectors = zip(*pairs, strict=True)
    with torch.enable_grad():
        return torch.autograd.grad(
            differentiable, tuple(parameters), their_vectors, allow_unused=True, materialize_grads=True
        )


class HessianOptimizer(torch.optim.Optimizer):
    """Base class: one group of all parameters, and products with random vectors at an interval of steps.

    The number of steps is in the group, so that checkpoints have it.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, interval: int, warmup: int = 1) -> None:
        """Use products in the first ``warmup`` steps, and then in every ``interval``-th."""
        super().__init__(parameters, {"lr": lr, "step": 0})
        self._interval, self._warmup = interval, warmup

    def differentiates(self) -> bool:
        """Return whether the gradients of the next step must be differentiable."""
        step = self.param_groups[0]["step"]
        return step < self._warmup or step % self._interval == 0

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        group = self.param_groups[0]
        parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
        gradients = [parameter.grad for parameter in parameters]
        products: Sequence[Tensor | None] = [None] * len(parameters)
        vectors: Sequence[Tensor | None] = products
        if self.differentiates():
            random = torch.Generator().manual_seed(group["step"])
            vectors = [self.vector(parameter.shape, random).to(parameter) for parameter in parameters]
            products = hessian_vector_products(parameters, gradients, vectors)
        group["step"] += 1
        for parameter, vector, product in zip(parameters, vectors, products, strict=True):
            # The graph of the gradients is not needed any more.
            parameter.grad = parameter.grad.detach()
            if vector is not None and product is not None:
                self.estimate(parameter, vector, product)
            self.update(parameter, parameter.grad, group["lr"], group["step"])
        return loss

    def vector(self, shape: torch.Size, random: torch.Generator) -> Tensor:
        """Return the piece of a random vector for a parameter of this shape: independent normal numbers."""
        return torch.randn(shape, generator=random)

    @abstractmethod
    def estimate(self, parameter: nn.Parameter, vector: Tensor, product: Tensor) -> None:
        """Update the estimate of the Hessian's diagonal with the pieces of a vector and of its product."""

    @abstractmethod
    def update(self, parameter: nn.Parameter, gradient: Tensor, rate: float, step: int) -> None:
        """Update a parameter in place; ``step`` is counted from 1."""
