"""Trainings from a table of any program: a CSV file with one row each, of which some may be left out."""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import RunError
from sfumato.formatting import pluralize, shortened
from sfumato.runs.files import read_bytes

MAX_BYTES = 200_000_000
"""Bytes of a file."""
MAX_ROWS = 2_000_000
MAX_VALUE = 1e100
"""Values from here on count as missing."""
SHOWN = 12
"""Columns that a message lists."""
STATUS_COLUMNS = ("state", "status")
"""Last parts of the names of columns, in lower case, that tell whether a training finished."""
FINISHED = frozenset(
    {"finished", "completed", "complete", "success", "successful", "succeeded", "succeed", "done", "ok", "passed"}
)
"""What they say of one that did, in lower case."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table say what; names as a person gives them, and `resolved` as the table has them."""

    value: str
    arm: str
    pair: tuple[str, ...]
    unit: str | None = None
    """The random unit, such as the picture; None: the verdict is about one."""
    called: str = ""
    """The value's name in sentences: as a person gave it."""


@dataclass(frozen=True)
class Row:
    """One training."""

    arm: str
    unit: str
    pair: tuple[str, ...]
    value: float
    """nan where the training has none."""


@dataclass(frozen=True)
class ResultRows:
    """The trainings of a table."""

    columns: Columns
    """As the table has them."""
    rows: tuple[Row, ...]
    left_out: int = 0
    """Rows that did not meet the conditions."""
    where: tuple[tuple[str, str], ...] = ()
    unfinished: str = ""
    """A line about rows whose status is not that of a finished training; empty if there are none."""

    @property
    def left_out_words(self) -> str:
        """Return how many rows were left out, and why; empty without conditions."""
        conditions = " ".join(f"--where {name}={value}" for name, value in self.where)
        return f"{pluralize(self.left_out, 'row')} left out by {conditions}" if self.where else ""


def read(path: Path, columns: Columns, where: Sequence[tuple[str, str]] = ()) -> ResultRows:
    """Return the trainings of a CSV file. Raises RunError.

    The file has commas, semicolons or tabs; a value that is no finite number becomes nan. ``where``: pairs (column,
    value); rows with other values are left out. Several values of one column are alternatives.
    """
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
        raise RunError(f"{path} must be a CSV file: {reason}.") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next(reader, [])
        if not header:
            raise RunError(f"{path} must have a header and at least one row. Got none.")
        found = resolved(header, columns)
        filters = _filters(header, where)
        rows: list[Row] = []
        kept: list[list[str]] = []
        seen = {name: Counter[str]() for name in filters}
        total = 0
        for number, cells in enumerate(reader, start=2):
            if not cells:
                continue
            total += 1
            if len(cells) != len(header):
                raise RunError(
                    f"{path} must have as many cells in each row as in its header, {len(header)}. Got {len(cells)} in "
                    f"row {number}."
                )
            named = dict(zip(header, cells, strict=True))
            for name in filters:
                seen[name][_key(named[name])] += 1
            if all(_key(named[name]) in values for name, values in filters.items()):
                rows.append(_row(named, found, number))
                kept.append(cells)
            if total > MAX_ROWS:
                raise RunError(f"{path} must have at most {MAX_ROWS:,} rows. Got more; filter it first.")
    except csv.Error as error:
        raise RunError(f"{path} must be a CSV file: {error}.") from None
    if not total:
        raise RunError(f"{path} must have a header and at least one row. Got none.")
    _require_kept(rows, filters, seen)
    if all(math.isnan(row.value) for row in rows):
        raise RunError(
            f"value must be a column of numbers, such as 30.5. Got {found.value!r}, which has none in {len(rows):,} "
            "rows; write decimals with a point."
        )
    _require_unique(rows, found, header, kept)
    return ResultRows(found, tuple(rows), total - len(rows), tuple(where), _unfinished(header, kept, filters))


def _filters(header: Sequence[str], where: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the allowed values of columns, by the names in the table."""
    found: dict[str, set[str]] = {}
    for name, value in where:
        found.setdefault(_column(header, name, "where"), set()).add(_key(value))
    return found


def _require_kept(rows: Sequence[Row], filters: Mapping[str, set[str]], seen: Mapping[str, Counter[str]]) -> None:
    """Raise RunError for a value that no row has, or where no row has all."""
    for name, values in filters.items():
        for value in sorted(values - set(seen[name])):
            has = ", ".join(repr(each) for each, _ in seen[name].most_common(SHOWN))
            raise RunError(f"where must have a value of column {name!r}. Got {value!r}; it has {shortened(has, 200)}.")
    if not rows:
        raise RunError("where must leave some rows. Got conditions that no row meets together; leave one out.")


def _require_unique(
    rows: Sequence[Row], columns: Columns, header: Sequence[str], cells: Sequence[Sequence[str]]
) -> None:
    """Raise RunError for two rows of one arm, unit and pair, with the columns that may be the unit."""
    known: set[tuple[str, str, tuple[str, ...]]] = set()
    for row in rows:
        key = (row.arm, row.unit, row.pair)
        if key not in known:
            known.add(key)
            continue
        names = [*([columns.unit] if columns.unit else []), *columns.pair]
        values = [*([row.unit] if columns.unit else []), *row.pair]
        at = ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        rule = f"every training must have its own row. Got two of arm {row.arm!r} with {at}; "
        if columns.unit is not None:
            raise RunError(
                f"{rule}filter the rows (--where COLUMN=VALUE), or add a column that tells them apart to the pair "
                "(--pair seed,fold)."
            )
        units = _possible_units(rows, columns, header, cells)
        named = shortened(units[0], 60) if units else "COLUMN"
        raise RunError(
            f"{rule}name the column of the random unit (--unit {named}), or filter the rows (--where COLUMN=VALUE)."
        )


def _possible_units(
    rows: Sequence[Row], columns: Columns, header: Sequence[str], cells: Sequence[Sequence[str]]
) -> list[str]:
    """Return the columns that tell all rows of an arm and pair apart, and whose every value several arms have.

    A duration or another score tells rows apart too, but no two arms share it. Those of the fewest values come first:
    a name of a run that contains the seed has more than a picture.
    """
    found: dict[str, int] = {}
    for number, name in enumerate(header):
        if name in (columns.value, columns.arm, *columns.pair) or _is_status(name):
            continue
        keys = [_key(each[number]) for each in cells]
        arms: dict[str, set[str]] = {}
        for row, key in zip(rows, keys, strict=True):
            arms.setdefault(key, set()).add(row.arm)
        tells_apart = len({(row.arm, row.pair, key) for row, key in zip(rows, keys, strict=True)}) == len(rows)
        if tells_apart and all(len(of_value) > 1 for of_value in arms.values()):
            found[name] = len(arms)
    return sorted(found, key=lambda name: found[name])


def _is_status(name: str) -> bool:
    return re.split(r"[./]", name)[-1].lower() in STATUS_COLUMNS


def _unfinished(header: Sequence[str], cells: Sequence[Sequence[str]], filters: Mapping[str, set[str]]) -> str:
    """Return a line about rows whose status is not that of a finished training; empty if there are none.

    A column by which rows are filtered is what its owner wants.
    """
    for number, name in enumerate(header):
        if not _is_status(name) or name in filters:
            continue
        counts = Counter(_key(each[number]) for each in cells)
        others = {value: count for value, count in counts.items() if value and value.lower() not in FINISHED}
        if others:
            listed = ", ".join(f"{count:,} {shortened(value, 40)}" for value, count in list(others.items())[:SHOWN])
            good = next((value for value in counts if value.lower() in FINISHED), "finished")
            return f"rows count whatever their {name}: {listed}; leave them out with --where {name}={good}"
    return ""


def resolved(header: Sequence[str], columns: Columns) -> Columns:
    """Return the columns as the table names them. Raises RunError for one that it lacks, or has several of."""
    return Columns(
        _column(header, columns.value, "value"),
        _column(header, columns.arm, "arm"),
        tuple(_column(header, each, "pair") for each in columns.pair),
        None if columns.unit is None else _column(header, columns.unit, "unit"),
        columns.value,
    )


def _column(header: Sequence[str], name: str, flag: str) -> str:
    if header.count(name) > 1:
        raise RunError(f"{flag} must be one column. Got {name!r}, which the table has {header.count(name)} times.")
    if name in header:
        return name
    # Exports prefix names: metrics.psnr, params.model, config/seed.
    ends = [each for each in header if re.split(r"[./]", each)[-1].lower() == name.lower()]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise RunError(
            f"{flag} must be one column. Got {name!r}, which could be {', '.join(ends)}; give the whole name."
        )
    close = difflib.get_close_matches(name, header, n=1)
    listed = ", ".join(header[:SHOWN]) + (", ..." if len(header) > SHOWN else "")
    hint = f"did you mean {close[0]!r}?" if close else f"it has {listed}."
    raise RunError(f"{flag} must be a column of the table. Got {name!r}; {hint}")


def _row(cells: Mapping[str, str], columns: Columns, number: int) -> Row:
    arm = cells[columns.arm].strip()
    if not arm:
        raise RunError(f"every row must name its arm. Got an empty cell of {columns.arm!r} in row {number}.")
    return Row(
        arm,
        "" if columns.unit is None else _key(cells[columns.unit]),
        tuple(_key(cells[each]) for each in columns.pair),
        _number(cells[columns.value]),
    )


def _key(text: str) -> str:
    """Return the text of a cell; whole numbers in one form, since exports write a seed as 3 or 3.0."""
    stripped = text.strip()
    return stripped.partition(".")[0] if re.fullmatch(r"[+-]?\d+\.0*", stripped) else stripped


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    # Beyond, squares of differences are infinite.
    return value if abs(value) < MAX_VALUE else math.nan
