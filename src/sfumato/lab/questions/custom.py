"""Custom arms: recipes by name, or one field of a recipe along an axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.arms import Picture, arm, channels_of, equalized, facts
from sfumato.lab.plan import Plan, check_count, checked
from sfumato.lab.rates import Tuning, values_of, with_rates
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import difference, flat, merged, nested, values
from sfumato.recipe.summary import text

NAME = "custom"

# Epochs rather than paint's seconds, so that arms train equally much on any machine; Adam, which treats every layer
# alike, so that no depth is favored; a picture that is small enough for an experiment of about a minute.
DEFAULTS: dict[str, Any] = {
    "picture": {"max_side": 160},
    "training": {"optimizer": "adam(lr=0.003)", "batch": 256},
    "budget": {"epochs": 20},
}
"""Changes that comparisons make to the default recipe of `paint` where no recipe is given."""


def defaults_of(base: Recipe) -> dict[str, Any]:
    """Return the fields in which the base recipe of arms differs from the default of `paint`, except the picture."""
    found = flat(difference(values(base), values(Recipe())))
    return {field: value for field, value in found.items() if field != "picture.source"}


def described(defaults: Mapping[str, Any]) -> str:
    """Return the defaults in the form of flags: ``picture.max_side=160, training.batch=256``."""
    return ", ".join(f"{field}={text(value)}" for field, value in defaults.items() if value is not None)


def plan(
    arms: Mapping[str, Recipe],
    pictures: Sequence[Picture],
    *,
    seeds: tuple[int, ...],
    tuning: Tuning | None,
    equal: str,
    question: str = "",
    base: Recipe | None = None,
) -> Plan:
    """Return the plan that compares all arms with the first. Raises RecipeError for arms that cannot be compared.

    ``base``: the recipe to which arms apply their changes; the plan states it.
    """
    check_count(len(arms))
    names = list(arms)
    for name in names:
        if arms[name].picture != arms[names[0]].picture:
            raise RecipeError(f"arm {name}: the picture must be that of arm {names[0]}: all arms learn the same one.")
    made = [arm(name, recipe, channels_of(pictures)) for name, recipe in arms.items()]
    return checked(
        Plan(
            name=NAME,
            question=question or f"Which is better: {', '.join(names)}?",
            pictures=facts(pictures),
            arms=equalized(made, equal),
            comparisons=tuple((name, names[0]) for name in names[1:]),
            seeds=seeds,
            tuning=tuning,
            equal=equal,
            defaults={} if base is None else defaults_of(base),
        )
    )


def grid(base: Recipe, axes: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Recipe]:
    """Return arms for every combination of the values of some fields: ``[("model.width", ["64", "128"]), ...]``.

    Along one axis arms are named by their values, along several by fields and values. Raises RecipeError.
    """
    for field, texts in axes:
        if field not in flat(values(base)):
            raise RecipeError(f"the axis must be a field of the recipe, such as model.width. Got {field!r}.")
        if field.startswith("picture.") or field == "seed":
            raise RecipeError(
                f"the axis must be a field in which arms can differ, not the picture or the seed. Got {field!r}."
            )
        if twice := sorted({text for text in texts if list(texts).count(text) > 1}):
            raise RecipeError(f"every value of an axis must be given once. Got {twice[0]} twice.")
    fields = [field for field, _ in axes]
    if twice := sorted({field for field in fields if fields.count(field) > 1}):
        raise RecipeError(f"every axis must have a different field. Got {twice[0]} twice; give its values as one list.")
    # Checked before the arms are made; too few arms are refused with the plan.
    check_count(max(2, math.prod(len(texts) for _, texts in axes)))
    found: dict[str, Recipe] = {}
    for texts in product(*(texts for _, texts in axes)):
        changes: dict[str, Any] = {}
        for field, value in zip(fields, texts, strict=True):
            changes = merged(changes, nested(field, value))
        name = texts[0] if len(fields) == 1 else ", ".join(map("=".join, zip(_short(fields), texts, strict=True)))
        found[name] = changed(base, changes)
    return found


def _short(fields: Sequence[str]) -> list[str]:
    """Return the fields without their sections where that leaves them distinct."""
    last = [field.rpartition(".")[2] for field in fields]
    return [short if last.count(short) == 1 else field for field, short in zip(fields, last, strict=True)]


def differ_in_rates(recipes: Mapping[str, Recipe]) -> tuple[str, str] | None:
    """Return the first two arms that differ only in their optimizer's learning rates; None if some differ otherwise."""
    seen: dict[str, str] = {}
    for name, recipe in recipes.items():
        optimizer = recipe.training.optimizer
        # With the default rates for all, only other differences are left.
        alike = with_rates(recipe, values_of(type(optimizer)())).model_dump_json()
        if alike in seen and recipes[seen[alike]] != recipe:
            return seen[alike], name
        seen.setdefault(alike, name)
    return None
