"""Recipes as nested plain values: differences between two recipes, and recipes with some values replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from sfumato.recipe.recipe import Recipe
from sfumato.recipe.section import Section

Values = Mapping[str, Any]

NONE = "none"
"""Text for a missing value where a format has no null."""


def values(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as nested dicts of JSON values."""
    return recipe.model_dump(mode="json")


def merged(base: Values, changes: Values) -> dict[str, Any]:
    """Return ``base`` with every leaf of ``changes`` replaced or added."""
    result = dict(base)
    for key, value in changes.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def difference(values: Values, base: Values) -> dict[str, Any]:
    """Return the leaves of ``values`` that differ from ``base``; merging them into ``base`` gives ``values``."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if key not in base:
            result[key] = value
        elif isinstance(value, Mapping) and isinstance(base[key], Mapping):
            if below := difference(value, base[key]):
                result[key] = below
        elif value != base[key] or type(value) is not type(base[key]):
            result[key] = value
    return result


def nested(field: str, text: str) -> dict[str, Any]:
    """Return the nested change of one field given as text, such as ``("model.width", "64")``.

    The text "none" becomes None where the field is optional.
    """
    change: Any = None if text == NONE and optional(field) else text
    for step in reversed(field.split(".")):
        change = {step: change}
    return change


def optional(field: str) -> bool:
    """Tell whether a field, such as ``picture.max_side``, may be None."""
    *path, last = field.split(".")
    section: Any = Recipe
    for step in path:
        info = section.model_fields.get(step)
        section = info.annotation if info is not None and hasattr(info.annotation, "model_fields") else Section
    info = section.model_fields.get(last)
    return info is not None and type(None) in get_args(info.annotation)


def changed(recipe: Recipe, changes: Values) -> Recipe:
    """Return the recipe with some fields replaced.

    A change to the budget replaces the whole budget, and ``picture.size`` resets ``picture.max_side`` to None. Raises
    RecipeError when the result breaks a rule.
    """
    base = values(recipe)
    if changes.get("budget"):
        base["budget"] = {}
    picture = changes.get("picture")
    if isinstance(picture, Mapping) and picture.get("size") is not None:
        base["picture"]["max_side"] = None
    return Recipe.of(merged(base, changes))


def flat(values: Values, prefix: str = "") -> dict[str, Any]:
    """Return nested values by dotted names: ``{"model.depth": 4, ...}``."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            result.update(flat(value, f"{name}."))
        else:
            result[name] = value
    return result
