"""Is deeper better at the same number of parameters?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from sfumato.errors import RecipeError
from sfumato.lab.arms import arm, equalised, facts
from sfumato.lab.plan import Plan, checked
from sfumato.lab.rates import Tuning
from sfumato.lab.widths import widths
from sfumato.recipe import Recipe, changed

QUESTION = "Is deeper better at the same number of parameters?"

HELP = "networks of 1 to 8 hidden layers with equally many parameters, each at its own best learning rate"

DEPTHS = (1, 2, 3, 4, 6, 8)

PARAMETERS = 8000

# Adam treats every layer alike, so that no depth is favoured. The picture is small enough for a minute in all.
DEFAULTS: dict[str, Any] = {
    "picture": {"max_side": 160},
    "training": {"optimizer": "adam(lr=0.003)", "batch": 256},
    "budget": {"epochs": 20},
}
"""What is changed in the default recipe where no other is given."""


def plan(
    recipe: Recipe, picture: NDArray[Any], *, seeds: tuple[int, ...], tuning: Tuning | None, equal: str, parameters: int
) -> Plan:
    """Every depth against one layer. The recipe's own depth and width are not looked at. Raises RecipeError."""
    if recipe.model.module is not None:
        raise RecipeError(f"model.module must be none: depths are compared. Got {recipe.model.module!r}.")
    channels = picture.shape[2]

    def count(units: Sequence[int]) -> int:
        # Without validation: this is asked a hundred times.
        model = recipe.model.model_copy(update={"depth": len(units), "width": tuple(units)})
        return arm("", recipe.model_copy(update={"model": model}), channels).parameters or 0

    arms = []
    for depth in DEPTHS:
        found = widths(depth, parameters, count)
        one = changed(recipe, {"model": {"depth": depth, "width": found}})
        layers = "hidden layer" if depth == 1 else "hidden layers"
        arms.append(arm(str(depth), one, channels, title=f"{depth} {layers}", verb="beats" if depth == 1 else "beat"))
    return checked(
        Plan(
            name="deep-vs-shallow",
            question=QUESTION,
            picture=facts(recipe, picture),
            arms=equalised(arms, equal),
            comparisons=tuple((str(depth), "1") for depth in DEPTHS if depth != 1),
            seeds=seeds,
            tuning=tuning,
            equal=equal,
        )
    )
