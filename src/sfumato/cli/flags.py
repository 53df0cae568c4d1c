"""The recipe's fields as flags: ``--model.depth 6``. tyro makes the help; pydantic checks the values."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import tyro
from pydantic.fields import FieldInfo

from sfumato.errors import SfumatoError
from sfumato.recipe.choices import Choice
from sfumato.recipe.section import Section

NONE = "none"
"""How a field without a value is written."""

T = TypeVar("T")


class Default(str):
    """A flag's text that nobody typed: so flags that were given are known even when they repeat the default."""

    __slots__ = ()


def of(section: Section) -> Any:
    """A dataclass instance with a text for every field, nested like the recipe, for tyro to read flags into."""
    fields: list[tuple[str, Any, Any]] = []
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            below = of(value)
            fields.append((name, type(below), dataclasses.field(default=below)))
        else:
            optional = type(None) in _alternatives(info.annotation)
            fields.append(field(name, _text(value), _metavar(info), _help(info), optional=optional))
    kind = dataclasses.make_dataclass(type(section).__name__, fields, frozen=True)
    kind.__doc__ = type(section).__doc__
    return kind()


def field(name: str, default: str, metavar: str, text: str, *, optional: bool = False) -> tuple[str, Any, Any]:
    """One flag that takes any text, for `dataclasses.make_dataclass`; tyro adds the default to its help."""
    argument = tyro.conf.arg(metavar=metavar, help=text)
    return name, Annotated[str, argument], dataclasses.field(default=Default(default), metadata={NONE: optional})


def given(values: Any) -> dict[str, Any]:
    """The flags that were typed, as nested changes of the recipe."""
    changes: dict[str, Any] = {}
    for each in dataclasses.fields(values):
        value = getattr(values, each.name)
        if dataclasses.is_dataclass(value):
            if below := given(value):
                changes[each.name] = below
        elif not isinstance(value, Default):
            changes[each.name] = None if value == NONE and each.metadata[NONE] else value
    return changes


def value_of(arguments: Sequence[str], flag: str) -> str | None:
    """The value of a flag that must be known before the others are read, or None."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == flag:
            return following
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return None


def parse(default: T, arguments: Sequence[str], name: str) -> T:
    """Read a command's flags. Raises SfumatoError in one line for an unknown flag or a missing value."""
    known = _names(default)
    _check_values_follow(arguments, known)
    parsed, unknown = tyro.cli(
        type(default), args=arguments, default=default, prog=f"sfumato {name}", return_unknown_args=True
    )
    if unknown:
        flag = unknown[0].split("=")[0]
        if not flag.startswith("-"):
            raise SfumatoError(f"{name} takes one picture. Got {flag!r} as well; see sfumato {name} --help.")
        close = difflib.get_close_matches(flag.replace("_", "-"), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"see sfumato {name} --help."
        raise SfumatoError(f"{flag} is not a flag of sfumato {name}; {hint}")
    return parsed


def _names(default: Any, prefix: str = "--") -> list[str]:
    names: list[str] = []
    for each in dataclasses.fields(default):
        value = getattr(default, each.name)
        name = f"{prefix}{each.name.replace('_', '-')}"
        if not dataclasses.is_dataclass(value):
            names.append(name)
        elif each.name == "recipe":
            names.extend(_names(value, prefix))
        else:
            names.extend(_names(value, f"{name}."))
    return names


def _check_values_follow(arguments: Sequence[str], known: list[str]) -> None:
    for flag, following in zip(arguments, [*arguments[1:], "--"], strict=True):
        if flag.replace("_", "-") in known and following.startswith("--"):
            raise SfumatoError(f"{flag} needs a value after it. Got none.")


def _text(value: Any) -> str:
    match value:
        case None:
            return NONE
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(str(part) for part in value)
        case _:
            return str(value)


def _metavar(info: FieldInfo) -> str:
    words: list[str] = []
    for part in _alternatives(info.annotation):
        if get_origin(part) is Literal:
            words.extend(str(word) for word in get_args(part))
        elif isinstance(part, type) and issubclass(part, Choice):
            words.append(f"{part.family.upper()}")
        elif get_origin(part) is tuple:
            words.append("INT,INT,...")
        elif part is not type(None):
            words.append({str: "TEXT", bool: "true|false"}.get(part, part.__name__.upper()))
    return "|".join(words)


def _help(info: FieldInfo) -> str:
    text = info.description or ""
    for part in _alternatives(info.annotation):
        if isinstance(part, type) and issubclass(part, Choice):
            text += f": {', '.join(member.usage() for member in part.members.values())}"
    return text


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Literal, tuple) or not get_args(annotation):
        return [annotation]
    return [part for branch in get_args(annotation) for part in _alternatives(branch)]
