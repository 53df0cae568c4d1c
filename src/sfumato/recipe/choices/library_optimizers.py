"""Optimizers that the library pytorch-optimizer implements, the extra ``optimizers``.

Beside the state that each one lists, its memory has a copy of the gradients and one array of updates.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.optimizer import ElementwiseOptimizer
from sfumato.recipe.layers import Memory, NetworkSize

LIBRARY, EXTRA = "pytorch_optimizer", "optimizers"
_ADAPTER = "sfumato.training.optimizers.pytorch_optimizer:"


@dataclass(frozen=True, config=CONFIG)
class Adan(ElementwiseOptimizer, name="adan", implementation=_ADAPTER + "adan"):
    """Adam with a running mean of the differences of the gradients, as Nesterov momentum (Xie et al. 2022)."""

    library: ClassVar[str] = LIBRARY
    extra: ClassVar[str] = EXTRA

    lr: float = Field(default=0.003, ge=0, description="learning rate")
    beta1: float = Field(default=0.98, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.92, ge=0, lt=1, description="decay of the mean of the gradients' differences")
    beta3: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the squared gradients")
    eps: float = Field(default=1e-8, gt=0, description="number added to the root of the mean square")
    weight_decay: float = Field(
        default=0.0, ge=0, description="decay per step as a fraction of each weight, times the rate"
    )

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of three moments, the last gradients, gradients and updates."""
        return Memory(6 * network.parameters)


@dataclass(frozen=True, config=CONFIG)
class Lion(ElementwiseOptimizer, name="lion", implementation=_ADAPTER + "lion"):
    """Signs of the momentum, interpolated with the gradient (Chen et al. 2023)."""

    library: ClassVar[str] = LIBRARY
    extra: ClassVar[str] = EXTRA

    lr: float = Field(default=0.0003, ge=0, description="change of every weight per step")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="weight of the momentum beside the gradient in an update")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the gradients")
    weight_decay: float = Field(
        default=0.0, ge=0, description="decay per step as a fraction of each weight, times the rate"
    )

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the momentum, gradients and updates."""
        return Memory(3 * network.parameters)


@dataclass(frozen=True, config=CONFIG)
class Apollo(ElementwiseOptimizer, name="apollo", implementation=_ADAPTER + "apollo"):
    """Quasi-Newton steps with a diagonal Hessian, from the changes of the gradients alone (Ma 2020)."""

    library: ClassVar[str] = LIBRARY
    extra: ClassVar[str] = EXTRA

    lr: float = Field(default=0.0001, ge=0, description="learning rate")
    beta: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    eps: float = Field(default=1e-4, gt=0, description="number added to the norm of the last update")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the mean, the Hessian and the last update, and arrays of the largest matrix."""
        return Memory(4 * network.parameters + 4 * network.largest_layer)


@dataclass(frozen=True, config=CONFIG)
class ScheduleFree(ElementwiseOptimizer, name="schedule_free", implementation=_ADAPTER + "schedule_free"):
    """Schedule-Free AdamW: evaluates an average of the weights in place of a decay (Defazio et al. 2024)."""

    averages_weights: ClassVar[bool] = True
    library: ClassVar[str] = LIBRARY
    extra: ClassVar[str] = EXTRA

    lr: float = Field(default=0.003, ge=0, description="learning rate")
    beta1: float = Field(
        default=0.9, gt=0, lt=1, description="place of the gradient between the last weights, 0, and the average, 1"
    )
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of the squared gradients")
    eps: float = Field(default=1e-8, gt=0, description="number added to the root of the mean square")
    weight_decay: float = Field(
        default=0.0, ge=0, description="decay per step as a fraction of each weight, times the rate"
    )

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the last weights and the mean square, gradients, and two arrays of updates."""
        return Memory(5 * network.parameters)
