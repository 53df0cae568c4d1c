"""The space of a sweep: for each field a range, several values, or values with ranges inside.

    model.width=32..512:log
    model.activation=relu,sine(10..60)
    training.optimizer=adam(lr=1e-4..1e-1:log),muon(lr=0.005..0.5:log)

A range has the ends ``low..high``; of whole numbers, if both ends are written as such, and on a logarithmic scale with
``:log``. A range inside of a value exists only where the sweep has chosen that value.
"""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.ranges import Range, Suggests, is_range, range_of, written_in
from sfumato.recipe import Recipe, changed
from sfumato.recipe.changes import flat, merged, nested, values
from sfumato.recipe.choices.choice import split_calls

MAX_FILE = 1_000_000
"""Bytes of a file with a space."""


@dataclass(frozen=True)
class Alternative:
    """One value of a field: pieces of text with ranges between them."""

    label: str
    pieces: tuple[str | Range, ...]

    def text(self, number: Callable[[Range], str]) -> str:
        """Return the value, with a number for each range."""
        return "".join(piece if isinstance(piece, str) else number(piece) for piece in self.pieces)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ranges inside."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Range))


@dataclass(frozen=True)
class Axis:
    """A field, and its alternatives."""

    field: str
    alternatives: tuple[Alternative, ...]

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield the parameters of every value, whose ranges have whole numbers."""
        for one in self.alternatives:
            label = {self.field: one.label} if len(self.alternatives) > 1 else {}
            for numbers in itertools.product(*(range(int(each.low), int(each.high) + 1) for each in one.ranges)):
                yield label | {each.name: number for each, number in zip(one.ranges, numbers, strict=True)}

    def suggest(self, trial: Suggests) -> str:
        """Return a value of the field."""
        chosen = self.alternatives[0]
        if len(self.alternatives) > 1:
            labels = [each.label for each in self.alternatives]
            label = trial.suggest_categorical(self.field, labels)
            chosen = self.alternatives[labels.index(label)]
        return chosen.text(lambda each: each.suggest(trial))


@dataclass(frozen=True)
class Space:
    """The axes of a sweep."""

    axes: tuple[Axis, ...]

    def suggest(self, trial: Suggests) -> dict[str, str]:
        """Return a value for each field."""
        return {axis.field: axis.suggest(trial) for axis in self.axes}

    def examples(self) -> Iterator[dict[str, str]]:
        """Yield each alternative of each field, the low end of its ranges, without a value of the other fields."""
        for axis in self.axes:
            for one in axis.alternatives:
                yield {axis.field: one.text(lambda each: each.text(each.low))}

    def as_values(self) -> dict[str, list[str]]:
        """Return the alternatives of each field as they were written, which `parse` takes."""
        return {axis.field: [each.label for each in axis.alternatives] for axis in self.axes}

    @property
    def size(self) -> int:
        """The number of combinations of a finite space."""
        return math.prod(
            sum(math.prod(int(each.high - each.low) + 1 for each in one.ranges) for one in axis.alternatives)
            for axis in self.axes
        )

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield the parameters of every combination of a finite space, by their names."""
        for each in itertools.product(*(axis.combinations() for axis in self.axes)):
            yield {name: value for part in each for name, value in part.items()}

    @property
    def is_finite(self) -> bool:
        """Whether every combination can be tried: no range has fractions."""
        return all(each.whole for axis in self.axes for one in axis.alternatives for each in one.ranges)


def recipe_of(base: Recipe, chosen: Mapping[str, str]) -> Recipe:
    """Return the base recipe with a value for each field. Raises RecipeError."""
    changes: dict[str, Any] = {}
    for field, value in chosen.items():
        changes = merged(changes, nested(field, value))
    return changed(base, changes)


def parse(base: Recipe, texts: Mapping[str, str | Sequence[str]]) -> Space:
    """Return the space of fields and their values as text. Raises RecipeError for one that no recipe could have.

    The ends of all ranges are tried as values of the base recipe.
    """
    if not texts:
        raise RecipeError("a sweep needs a space, such as model.width=32..512:log. Got none.")
    known = flat(values(base))
    axes: list[Axis] = []
    for field, text in texts.items():
        if field not in known:
            raise RecipeError(f"the space must have fields of the recipe, such as model.width. Got {field!r}.")
        if field.startswith("picture.") or field == "seed":
            raise RecipeError(f"the space must not have the picture or the seed, which all share. Got {field!r}.")
        labels = split_calls(text) if isinstance(text, str) else [str(each) for each in text]
        if not labels or not all(labels):
            raise RecipeError(f"{field} must have values, a range low..high, or both. Got {text!r}.")
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise RecipeError(f"{field} must have each value once. Got {twice[0]} twice.")
        axis = Axis(field, tuple(_alternative(field, label, alone=len(labels) == 1) for label in labels))
        _check(base, axis)
        axes.append(axis)
    names = [each.name for axis in axes for one in axis.alternatives for each in one.ranges]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(
            f"every range must have its own name. Got two of {twice[0]}; write the name before it: lr=..."
        )
    if not names and all(len(axis.alternatives) == 1 for axis in axes):
        raise RecipeError("a sweep needs a range or several values. Got one value for each field.")
    return Space(tuple(axes))


def read_file(path: Path) -> dict[str, str | list[str]]:
    """Return the fields and values of a TOML file's table ``space``. Raises RecipeError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise ValueError(f"it has more than {MAX_FILE:,} bytes")
        found = tomllib.loads(data.decode("utf-8")).get("space")
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RecipeError(f"{path} must be a TOML file with a table [space]: {reason}.") from None
    if not isinstance(found, dict):
        raise RecipeError(f'{path} must have a table [space], such as "model.width" = "32..512:log". Got none.')
    return {field: value if isinstance(value, list) else str(value) for field, value in _flattened(found).items()}


def _flattened(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return tables in tables, as TOML's dotted keys make them, with dotted names."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{before}{key}"
        found |= _flattened(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found


def _alternative(field: str, label: str, *, alone: bool) -> Alternative:
    pieces: list[str | Range] = []
    end = 0
    for found in written_in(label):
        before = label[end : found.start()]
        one = range_of(found, field, _name(field, label, before, alone=alone))
        pieces += [before, one]
        end = found.end()
    rest = label[end:]
    if ".." in rest:
        raise RecipeError(f"{field} must have ranges such as 32..512 or 1e-4..1e-1:log. Got {label}.")
    return Alternative(label, (*pieces, rest))


def _name(field: str, label: str, before: str, *, alone: bool) -> str:
    """Return the name of a range: the field's, with the value's and the parameter's where they are needed."""
    if not before and is_range(label):
        return field if alone else f"{field}.range"
    value = label.partition("(")[0]
    parameter = re.search(r"(\w+)\s*=\s*$", before)
    return ".".join([field, *([] if alone else [value]), *([parameter[1]] if parameter else [])])


def _check(base: Recipe, axis: Axis) -> None:
    for one in axis.alternatives:
        for end in ("low", "high"):
            text = one.text(lambda each, end=end: each.text(getattr(each, end)))
            try:
                recipe_of(base, {axis.field: text})
            except RecipeError as error:
                raise RecipeError(f"{axis.field}={one.label}: {error}") from None
