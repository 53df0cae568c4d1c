"""Arms of one's own: recipes by name, or one field of a recipe along an axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from sfumato.errors import RecipeError
from sfumato.lab.arms import arm, equalised, facts
from sfumato.lab.plan import Plan, checked
from sfumato.lab.rates import Tuning, rates_of
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import difference, flat, nested, values

NAME = "own"


def plan(
    arms: Mapping[str, Recipe],
    picture: NDArray[Any],
    *,
    seeds: tuple[int, ...],
    tuning: Tuning | None,
    equal: str,
    question: str = "",
) -> Plan:
    """All arms against the first. Raises RecipeError for arms that cannot be compared.

    Where arms differ in nothing but a learning rate, none is looked for: it is what is asked about.
    """
    names = list(arms)
    for name in names:
        if arms[name].picture != arms[names[0]].picture:
            raise RecipeError(f"arm {name}: the picture must be that of arm {names[0]}: all arms learn the same one.")
    made = [arm(name, recipe, picture.shape[2]) for name, recipe in arms.items()]
    return checked(
        Plan(
            name=NAME,
            question=question or f"Which is better: {', '.join(names)}?",
            picture=facts(arms[names[0]], picture),
            arms=equalised(made, equal),
            comparisons=tuple((name, names[0]) for name in names[1:]),
            seeds=seeds,
            tuning=None if differ_in_rates(list(arms.values())) else tuning,
            equal=equal,
        )
    )


def axis(base: Recipe, field: str, texts: Sequence[str]) -> dict[str, Recipe]:
    """Arms that differ in one field: ``("model.width", ["64", "128"])``. Raises RecipeError."""
    if field not in flat(values(base)):
        raise RecipeError(f"the axis must be a field of the recipe, such as model.width. Got {field!r}.")
    if field.startswith("picture.") or field == "seed":
        raise RecipeError(f"the axis must be what arms can differ in: not the picture or the seed. Got {field!r}.")
    if twice := sorted({text for text in texts if list(texts).count(text) > 1}):
        raise RecipeError(f"every value of an axis must be given once. Got {twice[0]} twice.")
    found: dict[str, Recipe] = {}
    for text in texts:
        found[text] = changed(base, nested(field, text))
    return found


def split_list(text: str) -> list[str]:
    """``64,128`` or ``adam(lr=0.1, eps=1e-8),sgd``: at the commas outside parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def differ_in_rates(recipes: Sequence[Recipe]) -> bool:
    """Whether some arms differ in nothing but their optimiser's learning rates."""
    for number, one in enumerate(recipes):
        for other in recipes[:number]:
            changes = flat(difference(values(one), values(other)))
            optimizers = (one.training.optimizer, other.training.optimizer)
            if list(changes) == ["training.optimizer"] and type(optimizers[0]) is type(optimizers[1]):
                rates = rates_of(optimizers[0])
                parts = [{k: v for k, v in vars(each).items() if k not in rates} for each in optimizers]
                if parts[0] == parts[1]:
                    return True
    return False
