"""What is special about a recipe, in a few short texts."""

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
    """``{"model.depth": "6", ...}``: where nested values differ from the default recipe.

    The picture's source is left out, as is what only the machine decided: threads, and an engine, precision or device
    that ``auto`` comes to. ``recipe`` may be another version's: fields that are not known here are shown too.
    """
    usual = values(Recipe())
    picture = recipe.get("picture")
    if isinstance(picture, Mapping) and picture.get("size") is not None:
        # A size that is given is taken as it is.
        usual["picture"]["max_side"] = None
    changes = difference(recipe, usual)
    _set_budget(changes, recipe)
    engine, dtype = changes.get("engine"), changes.get("dtype")
    # Of another version's recipe the engine may be one that is not known here.
    spec = ENGINES.get(engine) if isinstance(engine, str) else None
    if spec is not None and spec.auto:
        # One that ``auto`` may have chosen.
        del changes["engine"]
    if dtype == ("float32" if spec is None else spec.dtype):
        del changes["dtype"]
    if changes.get("device") == "cpu":
        del changes["device"]
    changes.pop("threads", None)
    found = flat(changes)
    found.pop("picture.source", None)
    if isinstance(widths := found.get("model.width"), list) and len(widths) != 1:
        # A list of widths decides the depth; an empty one is the depth 0 alone.
        found.pop("model.depth" if widths else "model.width", None)
    return {name: text(value) for name, value in found.items()}


def text(value: Any) -> str:
    """A field's value as a flag takes it; of a choice only what is not its default: ``adam(lr=0.01)``."""
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
    # A budget is taken whole: "seconds=none" would say nothing.
    budget = recipe.get("budget")
    if "budget" in changes and isinstance(budget, Mapping):
        changes["budget"] = {name: value for name, value in budget.items() if value is not None}


def _brief(written: str) -> str:
    for family in FAMILIES:
        try:
            choice = family.parse(written)
        except RecipeError:
            continue
        return _call(choice)
    return written


def _call(choice: Choice) -> str:
    default = type(choice)()
    own = {field.name: getattr(choice, field.name) for field in dataclasses.fields(choice)}
    inside = ", ".join(f"{name}={text(value)}" for name, value in own.items() if value != getattr(default, name))
    return f"{choice.name}({inside})" if inside else choice.name
