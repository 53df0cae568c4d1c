"""The question whether deeper is better at the same number of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.arms import Picture, arm, channels_of, equalized, facts, widths
from sfumato.lab.plan import Arm, Plan, checked
from sfumato.lab.questions import custom
from sfumato.lab.rates import Tuning
from sfumato.recipe import Recipe, changed

QUESTION = "Is deeper better at the same number of parameters?"

HELP = "networks of 1 to 8 hidden layers with equally many parameters, each at its own best learning rate"

DEPTHS = (1, 2, 3, 4, 6, 8)

PARAMETERS = 8000

SETS = ("model.depth", "model.width")
"""Fields that its arms set themselves."""

DEFAULTS: dict[str, Any] = custom.DEFAULTS
"""Changes to the default recipe where no recipe is given, as for any other comparison."""


def plan(
    recipe: Recipe,
    pictures: Sequence[Picture],
    *,
    seeds: tuple[int, ...],
    tuning: Tuning | None,
    equal: str,
    parameters: int,
) -> Plan:
    """Return the plan that compares every depth with one layer; ignores the recipe's own. Raises RecipeError."""
    channels = channels_of(pictures)

    def make(name: str, recipe: Recipe, **words: str) -> Arm:
        return arm(name, recipe, channels, **words)

    return checked(
        Plan(
            name="deep-vs-shallow",
            question=QUESTION,
            pictures=facts(pictures),
            arms=equalized(arms_of(recipe, DEPTHS, parameters, make), equal),
            comparisons=tuple((str(depth), "1") for depth in DEPTHS if depth != 1),
            seeds=seeds,
            tuning=tuning,
            equal=equal,
        )
    )


def arms_of(recipe: Recipe, depths: Sequence[int], parameters: int, make: Callable[..., Arm]) -> list[Arm]:
    """Return an arm for every depth, with widths that give it ``parameters`` parameters. Raises RecipeError.

    ``make``: (name, recipe, title=, verb=) -> the arm with its size, for the task.
    """
    if recipe.model.module is not None:
        raise RecipeError(f"model.module must be none: depths are compared. Got {recipe.model.module!r}.")

    def count(units: Sequence[int]) -> int:
        # Without validation, since the search calls this about a hundred times.
        model = recipe.model.model_copy(update={"depth": len(units), "width": tuple(units)})
        return make("", recipe.model_copy(update={"model": model})).parameters or 0

    arms: list[Arm] = []
    for depth in depths:
        found = widths(depth, parameters, count)
        one = changed(recipe, {"model": {"depth": depth, "width": found}})
        layers = "hidden layer" if depth == 1 else "hidden layers"
        arms.append(make(str(depth), one, title=f"{depth} {layers}", verb="beats" if depth == 1 else "beat"))
    return arms
