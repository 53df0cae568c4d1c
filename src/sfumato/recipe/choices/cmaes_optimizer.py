"""The optimizer of the library cmaes, an evolution strategy, which uses no gradients."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.optimizer import Optimizer
from sfumato.recipe.layers import LinearLayer, Memory, NetworkSize, Operations, StepEstimate, TrainingWork

MAX_PARAMETERS = 10_000
"""Largest number of parameters that are trained without gradients."""


@dataclass(frozen=True, config=CONFIG)
class SepCMA(Optimizer, name="sep_cma", implementation="sfumato.training.optimizers.cmaes:build"):
    """Separable CMA-ES, for small networks: a population of weights per step, no gradients (Ros and Hansen 2008).

    Learning-rate schedules have no effect: the strategy adapts the size of its steps.
    """

    hooks_layers: ClassVar[bool] = False
    uses_gradients: ClassVar[bool] = False
    library: ClassVar[str] = "cmaes"
    extra: ClassVar[str] = "optimizers"

    lr: float = Field(default=0.05, gt=0, description="initial standard deviation of the weights")
    population: int = Field(default=0, ge=0, le=10_000, description="networks per step; 0: 4 + 3 ln(parameters)")

    def population_of(self, parameters: int) -> int:
        """Return the number of networks per step."""
        return self.population or 4 + math.floor(3 * math.log(max(parameters, 1)))

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the population with its steps, and of the distribution."""
        # At most: larger networks are refused.
        parameters = min(network.parameters, MAX_PARAMETERS)
        return Memory(0, float64=(3 * self.population_of(parameters) + 10) * parameters)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the forward passes of the mean and of the population; there is no backward pass."""
        population = self.population_of(sum(layer.parameters for layer in work.layers))
        return Operations((1 + population) * 2 * work.samples * sum(layer.weights for layer in work.layers), 0)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the forward passes, of which three take as long as a forward and backward pass."""
        population = self.population_of(sum(layer.parameters for layer in layers))
        return StepEstimate(0, passes=-(-(1 + population) // 3))
