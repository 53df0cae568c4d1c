"""Every field of the recipe as plain data, for forms; and recipe changes from the texts entered there."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.recipe.choices import Choice
from sfumato.recipe.recipe import Recipe
from sfumato.recipe.section import Section
from sfumato.recipe.summary import text

NONE = "none"
"""Text for a field without a value."""

_KINDS = {bool: "flag", int: "integer", float: "number", str: "text"}
_TITLES = {
    "adam_beta2": "Adam's beta 2",
    "adam_eps": "Adam's epsilon",
    "adam_lr": "Adam's learning rate",
    "beta1": "Beta 1",
    "beta2": "Beta 2",
    "dtype": "Type of numbers",
    "eps": "Epsilon",
    "fan_in_scaling": "Fan-in scaling",
    "init": "Initialization",
    "lr": "Learning rate",
    "max_side": "Longest side",
    "optimizer": "Optimizer",
    "psnr": "PSNR",
}
"""Titles of the fields whose name is short or an abbreviation; the others' names need only a capital."""
_BOUNDS = {"ge": "low", "gt": "above", "le": "high", "lt": "below"}


@functools.cache
def sections() -> list[dict[str, Any]]:
    """Return the sections of the recipe in order, each with its fields: ``{name, title, help, fields: [...]}``.

    A field has ``path``, ``title``, ``help``, ``kind`` (integer, number, text, flag, choice or call), ``default`` as
    text, ``optional``, those of the bounds ``low``, ``high``, ``above`` and ``below`` that it has (the last two are
    exclusive), ``list`` where it takes several comma-separated values, and ``choices``: the words that it takes, or
    the calls of a family with their parameters. The result is cached; do not modify it.
    """
    default = Recipe()
    found: list[dict[str, Any]] = []
    top_level: list[dict[str, Any]] = []
    for name, info in Recipe.model_fields.items():
        value = getattr(default, name)
        if isinstance(value, Section):
            found.append(
                {
                    "name": name,
                    "title": _title(name),
                    "help": (type(value).__doc__ or "").strip().partition("\n")[0],
                    "fields": [
                        _field(f"{name}.{below}", each, getattr(value, below))
                        for below, each in type(value).model_fields.items()
                    ],
                }
            )
        else:
            top_level.append(_field(name, info, value))
    return [*found, {"name": "", "title": "Run", "help": "", "fields": top_level}]


@functools.cache
def paths() -> frozenset[str]:
    """Return the paths of all fields, such as ``model.depth``."""
    return frozenset(each["path"] for section in sections() for each in section["fields"])


def nested(changes: Mapping[str, str]) -> dict[str, Any]:
    """Return changes by path, such as ``{"model.depth": "6"}``, as nested changes of a recipe.

    Raises RecipeError for paths that contradict each other.
    """
    optional = {each["path"] for section in sections() for each in section["fields"] if each["optional"]}
    result: dict[str, Any] = {}
    for path, value in changes.items():
        *above, last = path.split(".")
        below = result
        for part in above:
            below = below.setdefault(part, {})
            if not isinstance(below, dict):
                raise RecipeError(f"{shortened(path)} is not a field of the recipe.")
        if last in below:
            raise RecipeError(f"{shortened(path)} is given twice.")
        below[last] = None if value == NONE and path in optional else value
    return result


def parameters(member: type[Choice]) -> list[dict[str, Any]]:
    """Return the parameters of a choice, each with the entries of a field in `sections`, and ``name`` for ``path``."""
    return _call(member)["parameters"]


def _field(path: str, info: FieldInfo, value: Any) -> dict[str, Any]:
    parts = list(_alternatives(info.annotation))
    found: dict[str, Any] = {
        "path": path,
        "title": _title(path.rpartition(".")[2]),
        "help": info.description or "",
        "default": text(str(value)) if isinstance(value, Choice) else text(value),
        "optional": type(None) in [kind for kind, _ in parts],
        **_bounds(info.metadata),
    }
    for kind, metadata in parts:
        if get_origin(kind) is Literal:
            found.setdefault("kind", "choice")
            found["choices"] = [{"name": str(word), "help": "", "parameters": []} for word in get_args(kind)]
        elif isinstance(kind, type) and issubclass(kind, Choice):
            found |= {"kind": "call", "choices": [_call(member) for member in kind.members.values()]}
        elif get_origin(kind) is tuple:
            found["list"] = True
            found.setdefault("kind", "text")
        elif kind in _KINDS:
            found["kind"] = _KINDS[kind]
            found |= _bounds(metadata)
    return found


def _call(member: type[Choice]) -> dict[str, Any]:
    default = member()
    parameters: list[dict[str, Any]] = []
    for each in dataclasses.fields(member):
        info: Any = each.default
        hints: Any = member.__pydantic_fields__[each.name]  # pyright: ignore[reportAttributeAccessIssue]
        parameters.append(_field(each.name, hints, getattr(default, each.name)) | {"help": info.description or ""})
    return {
        "name": member.name,
        "help": (member.__doc__ or "").strip().partition("\n")[0],
        "usage": member.usage(),
        "parameters": [
            {("name" if key == "path" else key): value for key, value in each.items()} for each in parameters
        ],
    }


def _alternatives(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the branches of a union, each with its annotations."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _alternatives(inner, (*metadata, *more))
    elif get_origin(annotation) in (Literal, tuple) or not get_args(annotation):
        yield annotation, metadata
    else:
        for branch in get_args(annotation):
            yield from _alternatives(branch, metadata)


def _bounds(metadata: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in metadata:
        for part in (each, *getattr(each, "metadata", ())):
            for name, title in _BOUNDS.items():
                value = getattr(part, name, None)
                # JavaScript cannot represent larger integers exactly.
                if isinstance(value, int | float) and abs(value) < 2**53:
                    found[title] = value
    return found


def _title(name: str) -> str:
    return _TITLES.get(name) or name.replace("_", " ").capitalize()
