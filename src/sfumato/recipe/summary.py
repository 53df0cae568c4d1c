"""Summary of a recipe: its differences from the default in short texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sfumato.errors import RecipeError
from sfumato.recipe.changes import Values, difference, flat, values
from sfumato.recipe.choices import FAMILIES, Choice
from sfumato.recipe.engines import ENGINES
from sfumato.recipe.recipe import Recipe


def differences(recipe: Values) -> dict[str, str]:
    """Return the fields in which nested values differ from the default recipe: ``{"model.depth": "6", ...}``.

    The picture's source is left out, as are values that depend on the machine: threads, and an engine, data type or
    device that ``auto`` may select. ``recipe`` may come from another version: fields unknown here are included.
    """
    defaults = values(Recipe())
    picture = recipe.get("picture")
    if isinstance(picture, Mapping) and picture.get("size") is not None:
        # An explicit size sets max_side to none.
        defaults["picture"]["max_side"] = None
    changes = difference(recipe, defaults)
    _set_budget(changes, recipe)
    engine, dtype = changes.get("engine"), changes.get("dtype")
    # The engine of another version's recipe may be unknown here.
    spec = ENGINES.get(engine) if isinstance(engine, str) else None
    if spec is not None and spec.auto:
        # ``auto`` may have selected it.
        del changes["engine"]
    if dtype == ("float32" if spec is None else spec.dtype):
        del changes["dtype"]
    if changes.get("device") == "cpu":
        del changes["device"]
    changes.pop("threads", None)
    found = flat(changes)
    found.pop("picture.source", None)
    if isinstance(widths := found.get("model.width"), list) and len(widths) != 1:
        # A list of widths sets the depth; an empty list means depth 0.
        found.pop("model.depth" if widths else "model.width", None)
    return {name: text(value) for name, value in found.items()}


def text(value: Any) -> str:
    """Return a field's value as a flag takes it, a choice with only its non-default values: ``adam(lr=0.01)``."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case float():
            short = f"{value:g}"
            return short if float(short) == value else repr(value)
        case list() | tuple():
            return ",".join(map(text, value))
        case str() if "(" in value:
            return _brief(value)
        case _:
            return str(value)


def _set_budget(changes: dict[str, Any], recipe: Values) -> None:
    # A budget replaces the default as a whole, so that "seconds=none" would be redundant.
    budget = recipe.get("budget")
    if "budget" in changes and isinstance(budget, Mapping):
        changes["budget"] = {name: value for name, value in budget.items() if value is not None}


def _brief(written: str) -> str:
    if ":" in written:
        # The name of a class or function of the user's own, with its arguments.
        return written
    for family in FAMILIES:
        try:
            choice = family.parse(written)
        except RecipeError:
            continue
        return _call(choice)
    return written


def _call(choice: Choice) -> str:
    default = type(choice)()
    fields = {field.name: getattr(choice, field.name) for field in dataclasses.fields(choice)}
    inside = ", ".join(f"{name}={text(value)}" for name, value in fields.items() if value != getattr(default, name))
    return f"{choice.name}({inside})" if inside else choice.name
