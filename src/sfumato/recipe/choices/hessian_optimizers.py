"""Optimizers that estimate the diagonal of the Hessian from its products with random vectors."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.optimizer import Optimizer
from sfumato.recipe.layers import LinearLayer, Memory, NetworkSize, Operations, StepEstimate, TrainingWork


@dataclass(frozen=True, config=CONFIG)
class HessianOptimizer(Optimizer):
    """Optimizer that differentiates gradients again, at an interval of steps."""

    hooks_layers: ClassVar[bool] = False
    differentiates_gradients: ClassVar[bool] = True

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of two means, the gradients with their graph, vectors, products and an update."""
        return Memory(8 * network.parameters)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the products with the Hessian beside the network's own passes."""
        return Operations(work.passes(work.samples), self.products(work.steps) * work.differentiated_passes(work.batch))

    def products(self, steps: int) -> int:
        """Return the number of products with the Hessian in a training of so many steps."""
        raise NotImplementedError

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the passes of a step with a product."""
        return StepEstimate(0, passes=3)


@dataclass(frozen=True, config=CONFIG)
class ESGD(HessianOptimizer, name="esgd"):
    """Gradients divided by the norms of the Hessian's rows (Dauphin et al. 2015; Chng et al. 2025)."""

    lr: float = Field(default=0.03, ge=0, description="learning rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of the squared Hessian products")
    eps: float = Field(default=0.01, gt=0, description="number added to the norms of the Hessian's rows")
    update_interval: int = Field(default=20, ge=1, description="steps between products with the Hessian")
    warmup: int = Field(default=20, ge=1, description="first steps, each with a product with the Hessian")

    def products(self, steps: int) -> int:
        """Return the products of the first steps, and those at the interval."""
        first = min(steps, self.warmup)
        return first + sum(step % self.update_interval == 0 for step in range(first, steps))


@dataclass(frozen=True, config=CONFIG)
class Sophia(HessianOptimizer, name="sophia"):
    """Clipped steps of the mean gradient over the Hessian's diagonal, by Hutchinson's estimate (Liu et al. 2023)."""

    lr: float = Field(default=0.0001, ge=0, description="learning rate, the largest change of a weight per step")
    beta1: float = Field(default=0.96, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the estimates of the diagonal")
    gamma: float = Field(default=0.01, gt=0, description="factor of the diagonal: smaller ones clip more updates")
    eps: float = Field(default=1e-12, gt=0, description="smallest divisor")
    weight_decay: float = Field(
        default=0.0, ge=0, description="decay per step as a fraction of each weight, times the rate"
    )
    update_interval: int = Field(default=10, ge=1, description="steps between products with the Hessian")

    def products(self, steps: int) -> int:
        """Return the products at the interval, the first in the first step."""
        return -(-steps // self.update_interval)
