"""The fields of a recipe as flags: ``--model.depth 6``. tyro writes the help; pydantic validates the values."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import tyro
from pydantic.fields import FieldInfo

from sfumato.errors import SfumatoError
from sfumato.recipe.choices import Choice
from sfumato.recipe.section import Section

NONE = "none"
"""The text of a field without a value."""

MIN_HELP_WIDTH = 40
"""Minimum width in columns for which help is written."""

T = TypeVar("T")
N = TypeVar("N", int, float)

_POSITIONAL = get_args(tyro.conf.Positional[str])[1]
_SWITCH = get_args(tyro.conf.FlagCreatePairsOff[bool])[1]


class Default(str):
    """The text of a flag that was not given; so a flag that was given is known even if it repeats the default."""

    __slots__ = ()


def from_section(section: Section) -> Any:
    """Return a dataclass instance with a text for every field, nested like the section, for tyro to read flags into."""
    fields: list[tuple[str, Any, Any]] = []
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            fields.append(group(name, value))
        else:
            optional = type(None) in _alternatives(info.annotation)
            fields.append(field(name, _text(value), _metavar(info), _help(info), optional=optional))
    kind = dataclasses.make_dataclass(type(section).__name__, fields, frozen=True)
    kind.__doc__ = type(section).__doc__
    return kind()


def field(name: str, default: str, metavar: str, text: str, *, optional: bool = False) -> tuple[str, Any, Any]:
    """Return a flag that takes any text, for `dataclasses.make_dataclass`; tyro adds the default to its help."""
    argument = tyro.conf.arg(metavar=metavar, help=text, help_behavior_hint=_hint(default))
    return name, Annotated[str, argument], dataclasses.field(default=Default(default), metadata={NONE: optional})


def group(name: str, section: Section) -> tuple[str, Any, Any]:
    """Return a flag for every field of a section, named ``--name.field``."""
    nested = from_section(section)
    # Without a help text, tyro looks for one in the source of the class of the field, which takes most of its time.
    argument = tyro.conf.arg(help=type(nested).__doc__)
    return name, Annotated[type(nested), argument], dataclasses.field(default=nested)


def switch(name: str, text: str) -> tuple[str, Any, Any]:
    """Return a flag without a value: true if it is given."""
    argument = tyro.conf.arg(help=text, help_behavior_hint="")
    return name, Annotated[tyro.conf.FlagCreatePairsOff[bool], argument], dataclasses.field(default=False)


def positional(name: str, default: str, metavar: str, text: str) -> tuple[str, Any, Any]:
    """Return the optional positional argument of a command."""
    argument = tyro.conf.arg(metavar=f"[{metavar}]", help=text, help_behavior_hint=_hint(default))
    return name, Annotated[tyro.conf.Positional[str], argument], dataclasses.field(default=Default(default))


def read(name: str, doc: str, arguments: Sequence[str], *fields: tuple[str, Any, Any]) -> Any:
    """Return the flags of a command as attributes of an object; raise SfumatoError as `parse` does."""
    kind = dataclasses.make_dataclass(name.title(), fields, frozen=True)
    kind.__doc__ = doc
    return parse(kind(), arguments, name)


def number(name: str, text: str, least: float, kind: Callable[[str], N]) -> N:
    """Return a flag's value as a number; raise SfumatoError if it is not a number, or is less than ``least``."""
    rule = f"a whole number of {least:g}" if kind is int else f"a number of {least:g}"
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value < math.inf:
        raise SfumatoError(f"{name} must be {rule} or more. Got {text!r}.")
    return value


def given(values: Any) -> dict[str, Any]:
    """Return the flags that were given, as nested changes of a recipe."""
    changes: dict[str, Any] = {}
    for each in dataclasses.fields(values):
        value = getattr(values, each.name)
        if dataclasses.is_dataclass(value):
            if nested := given(value):
                changes[each.name] = nested
        elif not isinstance(value, Default):
            changes[each.name] = None if value == NONE and each.metadata[NONE] else value
    return changes


def value_of(arguments: Sequence[str], flag: str) -> str | None:
    """Return the value of a flag that must be known before the others are parsed, or None."""
    flags, _ = split_at_separator(arguments)
    for argument, following in zip(flags, [*flags[1:], ""], strict=False):
        if argument == flag:
            return following
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return None


def pop_repeated(arguments: Sequence[str], flag: str) -> tuple[list[str], list[str]]:
    """Return the values of a repeatable flag, and the other arguments; raise SfumatoError for a missing value."""
    values: list[str] = []
    rest: list[str] = []
    flags, positional = split_at_separator(arguments)
    following = iter(flags)
    for argument in following:
        name, separator, value = argument.partition("=")
        if name != flag:
            rest.append(argument)
        elif separator:
            values.append(value)
        elif (value := next(following, "--")).startswith("--"):
            raise SfumatoError(f"{flag} needs a value after it. Got none.")
        else:
            values.append(value)
    return values, [*rest, *(["--", *positional] if positional else [])]


def split_at_separator(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before ``--``, and those after it, none of which is a flag."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    return list(arguments[:end]), list(arguments[end + 1 :])


def boolean(name: str, text: str) -> bool:
    """Return a flag's value as a bool; raise SfumatoError if it is neither ``true`` nor ``false``."""
    if text not in ("true", "false"):
        raise SfumatoError(f"{name} must be true or false. Got {text!r}.")
    return text == "true"


def parse(default: T, arguments: Sequence[str], name: str) -> T:
    """Parse the flags of a command; raise SfumatoError for an unknown flag or a missing value."""
    arguments, positional = split_at_separator(arguments)
    known = _names(default)
    switches = [f"--{each.name.replace('_', '-')}" for each in _fields(default) if _is(each, _SWITCH)]
    _check_values_follow(arguments, [flag for flag in known if flag not in switches])
    _check_given_once(arguments, [flag for flag in known if flag not in switches])
    for argument in arguments:
        if argument.partition("=")[0] in switches and "=" in argument:
            raise SfumatoError(f"{argument.partition('=')[0]} takes no value. Got {argument!r}.")
    if shutil.get_terminal_size().columns < MIN_HELP_WIDTH:
        # tyro never finishes breaking lines that are too narrow for a word.
        os.environ["COLUMNS"] = str(MIN_HELP_WIDTH)
    parsed, unknown = tyro.cli(
        type(default),
        args=arguments,
        default=default,
        prog=f"sfumato {name}",
        return_unknown_args=True,
        # The classes are made above: looking for comments in their source takes a third of the time.
        config=(tyro.conf.HelptextFromCommentsOff,),
    )
    if unknown:
        flag = unknown[0].split("=")[0]
        if not flag.startswith("-"):
            raise _too_many(default, name, unknown[0])
        raise SfumatoError(_unknown(flag.replace("_", "-"), flag, known, name))
    return _with_positional(parsed, default, positional, name) if positional else parsed


def _unknown(flag: str, given: str, known: Sequence[str], name: str) -> str:
    if members := [each for each in known if each.startswith(f"{flag}.")]:
        return f"{given} is a group of flags of sfumato {name}: {', '.join(members)}."
    close = difflib.get_close_matches(flag, known, n=1, cutoff=0.75)
    hint = f"did you mean {close[0]}?" if close else f"see sfumato {name} --help."
    return f"{given} is not a flag of sfumato {name}; {hint}"


def _with_positional(parsed: T, default: T, positional: Sequence[str], name: str) -> T:
    """Return the parsed flags with the argument after ``--``, so that a file's name may begin like a flag."""
    if flag := next((each for each in positional if each.partition("=")[0] in _names(default)), None):
        raise SfumatoError(f"{flag} must stand before --, after which nothing is a flag.")
    names = [each.name for each in _fields(default) if _is(each, _POSITIONAL)]
    if not names or len(positional) > 1 or not isinstance(getattr(parsed, names[0]), Default):
        raise _too_many(default, name, positional[-1])
    return dataclasses.replace(parsed, **{names[0]: positional[0]})  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]


def _too_many(default: Any, name: str, got: str) -> SfumatoError:
    words = [_word(each) for each in _fields(default) if _is(each, _POSITIONAL)]
    takes, more = (f"one {words[0]}", " as well") if words else ("only flags", "")
    return SfumatoError(f"{name} takes {takes}. Got {got!r}{more}; see sfumato {name} --help.")


def _names(default: Any, prefix: str = "--") -> list[str]:
    names: list[str] = []
    for each in dataclasses.fields(default):
        value = getattr(default, each.name)
        name = f"{prefix}{each.name.replace('_', '-')}"
        if not dataclasses.is_dataclass(value):
            if not _is(each, _POSITIONAL):
                names.append(name)
        elif each.name == "changes":
            names.extend(_names(value, prefix))
        else:
            names.extend(_names(value, f"{name}."))
    return names


def _fields(instance: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(instance)


def _is(each: dataclasses.Field[Any], marker: Any) -> bool:
    return any(part is marker for part in get_args(each.type)[1:])


def _hint(default: str) -> str | None:
    # With None, tyro writes the hint; an empty default needs none.
    return None if default else ""


def _word(each: dataclasses.Field[Any]) -> str:
    words = [part.metavar for part in get_args(each.type) if getattr(part, "metavar", None)]
    return words[0].strip("[]").lower() if words else each.name


def _check_values_follow(arguments: Sequence[str], known: list[str]) -> None:
    for flag, following in zip(arguments, [*arguments[1:], "--"], strict=False):
        if flag.replace("_", "-") in known and following.startswith("--"):
            raise SfumatoError(f"{flag} needs a value after it. Got none.")


def _check_given_once(arguments: Sequence[str], known: list[str]) -> None:
    values: dict[str, str] = {}
    following = iter(arguments)
    for argument in following:
        name, separator, value = argument.partition("=")
        flag = name.replace("_", "-")
        if flag not in known:
            continue
        value = value if separator else next(following, "")
        if flag in values:
            raise SfumatoError(f"{flag} takes one value. Got {values[flag]!r} and {value!r}; give one.")
        values[flag] = value


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
        elif get_origin(part) is tuple:
            word = _metavar_of(get_args(part)[0])
            words.append(f"{word},{word},...")
        elif part is not type(None):
            words.append(_metavar_of(part))
    return "|".join(words)


def _metavar_of(kind: Any) -> str:
    if issubclass(kind, Choice):
        return kind.family.upper()
    names: dict[Any, str] = {str: "TEXT", bool: "true|false"}
    return names.get(kind, str(kind.__name__).upper())


def _help(info: FieldInfo) -> str:
    text = info.description or ""
    for part in _alternatives(info.annotation):
        if isinstance(part, type) and issubclass(part, Choice):
            text += f"{';' if ':' in text else ':'} {', '.join(member.usage() for member in part.members.values())}"
    return text


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Literal, tuple) or not get_args(annotation):
        return [annotation]
    return [part for branch in get_args(annotation) for part in _alternatives(branch)]
