"""Conditions on the values of a table's columns: a value, a range, several values, or a function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import Any, cast

from sfumato.errors import SfumatoError
from sfumato.formatting import shortened

Condition = object
"""A value, a range ``(low, high)`` of numbers whose ends belong to it and may be None, a list, set or other iterable of
values, or a function of a value.
"""

Test = Callable[[Any], bool]

TEXT, NUMBERS, TRUTH = "text", "numbers", "true or false"
"""Families of types whose values are compared with each other. True is not the number 1 here."""


def matching(
    length: int, columns: Collection[str], column: Callable[[str], Sequence[Any]], conditions: Mapping[str, Condition]
) -> list[bool]:
    """Return for each of ``length`` rows whether it meets every condition, as `Table.filter` describes them.

    ``column``: returns the values of a column, each an object of Python. Raises SfumatoError for an unknown column, and
    for a condition that no value of its column could meet because of its type.
    """
    keep = [True] * length
    for name, condition in conditions.items():
        if name not in columns:
            raise SfumatoError(f"filter must name a column of {', '.join(columns)}. Got {name!r}.")
        values = column(name)
        meets = _test(name, values, condition)
        keep = [before and meets(value) for before, value in zip(keep, values, strict=True)]
    return keep


def _test(name: str, values: Sequence[Any], condition: Condition) -> Test:
    if callable(condition):
        function = cast("Callable[[Any], object]", condition)
        # A function may return anything that is true or false, such as the matches of a regular expression.
        return lambda value: bool(function(value))
    # Of the values rather than of the column: a parameter may be a number in one row and a word in another.
    families = {_family(kind) for kind in set(map(type, values)) if kind is not type(None)}
    if isinstance(condition, tuple):
        return _range(name, families, cast("tuple[Any, ...]", condition))
    several = _several(condition)
    wanted = {_checked(name, families, each) for each in ([condition] if several is None else several)}
    # NaN equals nothing, but a set finds it where it is the same object.
    return {each for each in wanted if each is not None and each == each}.__contains__


def _range(name: str, families: Set[str], ends: tuple[Any, ...]) -> Test:
    instead = f"for several values give a list: {name}={_shown(list(ends))}"
    if families - {NUMBERS}:
        raise SfumatoError(
            f"{name} holds {_listed(families)}, of which there are no ranges. Got {_shown(ends)}; {instead}."
        )
    if len(ends) != 2:
        raise SfumatoError(
            f"{name} must be filtered by a value, a range (low, high) or a list. Got {_shown(ends)}; {instead}."
        )
    low, high = map(_plain, ends)
    for end in (low, high):
        if end is not None and (_family(type(end)) != NUMBERS or end != end):
            raise SfumatoError(f"{name} must have numbers or None as the ends of its range. Got {_shown(ends)}.")
    if low is not None and high is not None and low > high:
        raise SfumatoError(f"{name} must have a range (low, high) with low <= high. Got {_shown(ends)}; {instead}.")
    return lambda value: value is not None and (low is None or value >= low) and (high is None or value <= high)


def _several(condition: Condition) -> list[Any] | None:
    """Return the values of an iterable, such as an array, a series or a generator; None for one value."""
    if isinstance(condition, str | bytes) or not isinstance(condition, Iterable):
        return None
    try:
        return list(cast("Iterable[Any]", condition))
    except TypeError:
        # An array without dimensions is one value.
        return None


def _checked(name: str, families: Collection[str], value: object) -> Any:
    """Return a value as an object of Python. Raises SfumatoError for one of a type that the column does not hold."""
    plain = _plain(value)
    allowed = families or {TEXT, NUMBERS, TRUTH}
    if plain is not None and _family(type(plain)) not in allowed:
        raise SfumatoError(f"{name} holds {_listed(allowed)}. Got {_shown(value)}; filter by what it holds.")
    return plain


def _plain(value: Any) -> Any:
    """Return the number in a scalar of NumPy, PyTorch and others."""
    try:
        return value.item() if hasattr(value, "item") else value
    except (TypeError, ValueError, RuntimeError):
        # It holds several.
        return value


def _family(kind: type) -> str:
    """Return what values of a type are compared with: others of the same family."""
    if kind.__name__ in ("bool", "bool_"):
        return TRUTH
    return TEXT if issubclass(kind, str) else NUMBERS if issubclass(kind, Real) else kind.__name__


def _listed(families: Collection[str]) -> str:
    return " and ".join(sorted(families))


def _shown(value: object) -> str:
    return shortened(" ".join(repr(value).split()), 80)
