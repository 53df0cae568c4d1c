"""Ablations: a recipe with one setting undone at a time, and all together. Learning rates are settings: not tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.arms import Picture, arm, channels_of, facts
from sfumato.lab.plan import Arm, Plan, checked
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import flat, merged, nested, values

NAME = "ablation"

BASE, ALL = "base", "all"

DEFAULTS: dict[str, Any] = {"picture": {"max_side": 160}}
"""Changes to the default recipe where no recipe is given."""

EPOCHS, PIXELS, POWER = 100, 30 * 43, 0.65


def affordable_epochs(pixels: int) -> int:
    """Return the number of epochs for a picture: 100 for 30x43 pixels, 5 for 300x429.

    With 4x300 units and five seeds these take about 2 and 10 minutes on two cores.
    """
    return max(2, round(EPOCHS * (PIXELS / pixels) ** POWER))


def plan(recipe: Recipe, pictures: Sequence[Picture], undone: Sequence[str], *, seeds: tuple[int, ...]) -> Plan:
    """Return the plan that compares the recipe with each change of ``undone``, and with all of them.

    A change is ``field=value;field=value``. The arm with all of them exists only where no two change the same field.
    Raises RecipeError.
    """
    if not undone:
        raise RecipeError("an ablation needs something to undo, such as training.sampler=sequential. Got nothing.")
    channels = channels_of(pictures)
    everything: dict[str, Any] = {}
    arms = [arm(BASE, recipe, channels, title="the recipe as it is")]
    fields: list[str] = []
    for text in undone:
        changes = parsed(text)
        try:
            without = arm_of(recipe, text, changes, channels, title=text, instead=_as_it_is(recipe, changes))
        except RecipeError as error:
            raise RecipeError(f"undo {text}: {error}") from None
        arms.append(without)
        everything = merged(everything, changes)
        fields += list(flat(changes))
    if len(undone) > 1 and len(set(fields)) == len(fields):
        arms.append(arm_of(recipe, ALL, everything, channels, title="all of it undone", instead="all of it together"))
    return checked(
        Plan(
            name=NAME,
            question=f"Which settings matter: {', '.join(undone)}?",
            pictures=facts(pictures),
            arms=tuple(arms),
            comparisons=tuple((BASE, each.name) for each in arms[1:]),
            seeds=seeds,
            tuning=None,
        )
    )


def arm_of(base: Recipe, name: str, changes: Mapping[str, Any], channels: int, *, title: str, instead: str = "") -> Arm:
    """Return an arm that differs from the base by ``changes``. Raises RecipeError."""
    found = arm(name, changed(base, changes), channels, title=title)
    return Arm(found.name, found.recipe, found.parameters, found.operations, title, instead=instead)


def parsed(text: str) -> dict[str, Any]:
    """Return ``field=value;field=value`` as nested changes. Raises RecipeError."""
    changes: dict[str, Any] = {}
    for part in text.split(";"):
        field, separator, value = part.partition("=")
        field = field.strip()
        if not separator or field not in flat(values(Recipe())) or not value.strip():
            raise RecipeError(f"what is undone must be field=value;field=value;... of a recipe. Got {part!r}.")
        if field.startswith("picture.") or field == "seed":
            raise RecipeError(f"what is undone must not be the picture or the seed: all arms share them. Got {part!r}.")
        changes = merged(changes, nested(field, value.strip()))
    return changes


def _as_it_is(recipe: Recipe, changes: Mapping[str, Any]) -> str:
    now = flat(values(recipe))
    return ";".join(f"{field}={now[field]}" for field in flat(changes))
