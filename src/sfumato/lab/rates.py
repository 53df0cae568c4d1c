"""Each arm's own best learning rate, found on seeds that the verdict does not use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfumato.recipe import Recipe
from sfumato.recipe.choices import Optimizer

STEP = 3.0
"""From one rate of the grid to the next: finer is within the noise of a few seeds."""

FIRST_SEED = 1_000_000
"""Seeds for tuning count from here, those of a verdict from 0."""

MOST_ROUNDS = 4
"""So often a grid grows where the best rate is at its end."""


@dataclass(frozen=True)
class Tuning:
    """A small grid of factors of a recipe's learning rates, grown where the best is at its end."""

    factors: tuple[float, ...] = (1 / STEP, 1.0, STEP)
    seeds: tuple[int, ...] = (FIRST_SEED, FIRST_SEED + 1)

    def to_values(self) -> dict[str, Any]:
        """As JSON."""
        return {"factors": list(self.factors), "seeds": list(self.seeds)}

    @staticmethod
    def of(data: Mapping[str, Any]) -> Tuning:
        """From `to_values`."""
        return Tuning(tuple(data["factors"]), tuple(data["seeds"]))

    def grow(self, means: Mapping[float, float]) -> float | None:
        """One more factor to try, from the mean score at those tried; None when the best has worse neighbours.

        A factor at which training diverged, or failed, has -inf.
        """
        if len(means) >= len(self.factors) + MOST_ROUNDS:
            return None
        best = best_of(means)
        if best == min(means):
            return best / STEP
        return best * STEP if best == max(means) else None


def best_of(means: Mapping[float, float]) -> float:
    """The factor of the highest mean; of equal ones the smallest."""
    return max(sorted(means), key=lambda factor: means[factor])


def scaled(recipe: Recipe, factor: float) -> Recipe:
    """The recipe with every learning rate of its optimiser multiplied: those of parts that have their own included."""
    optimizer = recipe.training.optimizer
    rates = {name: getattr(optimizer, name) * factor for name in rates_of(optimizer)}
    training = recipe.training.model_copy(update={"optimizer": dataclasses.replace(optimizer, **rates)})
    return recipe.model_copy(update={"training": training})


def rates_of(optimizer: Optimizer) -> Sequence[str]:
    """The names of an optimiser's learning rates: ``lr``, and ``adam_lr`` of those that leave layers to Adam."""
    names = [field.name for field in dataclasses.fields(optimizer)]
    return [name for name in names if name == "lr" or name.endswith("_lr")]
