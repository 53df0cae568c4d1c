"""Verdicts on anybody's results: a table with one row per training, such as an export of W&B, MLflow or trackio."""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.lab.plan import MOST_ARMS
from sfumato.lab.statistics import LEVEL, interval, over_pictures
from sfumato.lab.verdict import Comparison, claim
from sfumato.runs.files import read_bytes

MAX_BYTES = 200_000_000
"""Bytes of a file."""
MAX_ROWS = 2_000_000
MAX_VALUE = 1e100
"""Values from here on count as missing."""
SHOWN = 12
"""Columns that a message lists."""
DIGITS = 2
"""Significant digits of a confidence interval's half-width."""


@dataclass(frozen=True)
class Label:
    """The names of an arm in sentences."""

    name: str
    title: str = ""
    verb: str = "beats"
    instead: str = ""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table say what; names as a person gives them, and `resolved` as the table has them."""

    value: str
    arm: str
    pair: tuple[str, ...]
    unit: str | None = None
    """The random unit, such as the picture; None: the verdict is about one."""


@dataclass(frozen=True)
class Row:
    """One training."""

    arm: str
    unit: str
    pair: tuple[str, ...]
    value: float
    """nan where the training has none."""


@dataclass(frozen=True)
class Scores:
    """What the trainings of one arm came to."""

    arm: str
    trainings: int
    missing: int
    """Trainings without a finite value."""
    mean: float
    deviation: float


@dataclass(frozen=True)
class Result:
    """The comparisons of all arms with one of them."""

    columns: Columns
    reference: str
    scores: tuple[Scores, ...]
    comparisons: tuple[Comparison, ...]
    units: tuple[str, ...]
    """Names of the random units, by number."""
    lower_is_better: bool

    def sentences(self) -> list[str]:
        """Return one line per comparison: the verdict, and its conditions in parentheses."""
        return [f"{claim(each)} ({', '.join(self._conditions(each))})" for each in self.comparisons]

    def _conditions(self, comparison: Comparison) -> list[str]:
        words = [f"{comparison.difference.pairs} {comparison.noun}"]
        if self.columns.unit is None:
            words = [f"{comparison.difference.pairs} pairs of equal {', '.join(self.columns.pair)}"]
        elif (found := comparison.components) is not None:
            words.append(f"seed share of the variance {found.seed_share:.0%}")
        if comparison.missing:
            words.append(f"{comparison.missing} without a pair")
        words.append(f"{'lower' if self.lower_is_better else 'higher'} is better")
        if len(self.comparisons) > 1:
            words.append(f"CIs simultaneous for {len(self.comparisons)} comparisons")
        return words


def read(path: Path, columns: Columns) -> tuple[Columns, list[Row]]:
    """Return the columns as a CSV file names them, and its trainings. Raises RunError.

    The file has commas, semicolons or tabs; a value that is no finite number becomes nan.
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
        found = resolved(header, columns)
        rows: list[Row] = []
        for number, cells in enumerate(reader, start=2):
            if not cells:
                continue
            if len(cells) != len(header):
                raise RunError(
                    f"{path} must have as many cells in each row as in its header, {len(header)}. Got {len(cells)} in "
                    f"row {number}."
                )
            rows.append(_row(dict(zip(header, cells, strict=True)), found, number))
            if len(rows) > MAX_ROWS:
                raise RunError(f"{path} must have at most {MAX_ROWS:,} rows. Got more; filter it first.")
    except csv.Error as error:
        raise RunError(f"{path} must be a CSV file: {error}.") from None
    if not rows:
        raise RunError(f"{path} must have a header and at least one row. Got none.")
    if all(math.isnan(row.value) for row in rows):
        raise RunError(
            f"value must be a column of numbers, such as 30.5. Got {found.value!r}, which has none in {len(rows):,} "
            "rows; write decimals with a point."
        )
    return found, rows


def resolved(header: Sequence[str], columns: Columns) -> Columns:
    """Return the columns as the table names them. Raises RunError for one that it lacks, or has several of."""
    return Columns(
        _column(header, columns.value, "value"),
        _column(header, columns.arm, "arm"),
        tuple(_column(header, each, "pair") for each in columns.pair),
        None if columns.unit is None else _column(header, columns.unit, "unit"),
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


def compare(
    rows: Sequence[Row], columns: Columns, reference: str | None = None, *, lower_is_better: bool = False
) -> Result:
    """Compare every arm with the reference, by default the first of the table. Raises RunError."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    if not 2 <= len(arms) <= MOST_ARMS:
        raise RunError(
            f"arm must be a column with 2 to {MOST_ARMS} different values. Got {len(arms)} in {columns.arm!r}."
        )
    base = arms[0] if reference is None else reference
    if base not in arms:
        close = difflib.get_close_matches(base, arms, n=1)
        raise RunError(
            f"reference must be an arm, such as {shortened(close[0] if close else arms[0], 60)!r}. Got {base!r}."
        )
    units = list(dict.fromkeys(row.unit for row in rows))
    values = _by_arm(rows, columns)
    others = [arm for arm in arms if arm != base]
    sign = -1.0 if lower_is_better else 1.0
    return Result(
        columns,
        base,
        tuple(_scores(arm, values[arm]) for arm in arms),
        tuple(_comparison(arm, base, values, units, columns, len(others), sign) for arm in others),
        tuple(units),
        lower_is_better,
    )


Key = tuple[str, tuple[str, ...]]
"""(unit, pair)."""


def _by_arm(rows: Sequence[Row], columns: Columns) -> dict[str, dict[Key, float]]:
    found: dict[str, dict[Key, float]] = {}
    for row in rows:
        of_arm, key = found.setdefault(row.arm, {}), (row.unit, row.pair)
        if key in of_arm:
            names = [*([columns.unit] if columns.unit else []), *columns.pair]
            cells = [*([row.unit] if columns.unit else []), *row.pair]
            at = ", ".join(f"{name}={cell}" for name, cell in zip(names, cells, strict=True))
            raise RunError(
                f"every training must have its own row. Got two of arm {row.arm!r} with {at}; add a column that tells "
                "them apart (--pair seed,fold), or filter the table."
            )
        of_arm[key] = row.value
    return found


def _scores(arm: str, values: Mapping[Key, float]) -> Scores:
    known = [value for value in values.values() if not math.isnan(value)]
    deviation = float(np.std(known, ddof=1)) if len(known) > 1 else math.nan
    return Scores(arm, len(values), len(values) - len(known), float(np.mean(known)) if known else math.nan, deviation)


def _comparison(
    arm: str,
    base: str,
    values: Mapping[str, Mapping[Key, float]],
    units: Sequence[str],
    columns: Columns,
    family: int,
    sign: float,
) -> Comparison:
    of_arm, of_base = values[arm], values[base]
    differences: dict[int, list[float]] = {number: [] for number in range(len(units))}
    numbers = {unit: number for number, unit in enumerate(units)}
    keys = dict.fromkeys([*of_arm, *of_base])
    for key in keys:
        difference = sign * (of_arm.get(key, math.nan) - of_base.get(key, math.nan))
        if not math.isnan(difference):
            differences[numbers[key[0]]].append(difference)
    paired = sum(map(len, differences.values()))
    found = (
        interval(differences[0], family)
        if columns.unit is None
        else over_pictures(list(differences.values()), family, LEVEL)
    )
    return Comparison(
        Label(arm),
        Label(base),
        found,
        len(keys) - paired,
        # Differences are turned, so that more is better.
        unit=("lower " if sign < 0 else "") + re.split(r"[./]", columns.value)[-1],
        differences=differences,
        # More than one, so that the verdict is about units like these, however many there are.
        pictures=1 if columns.unit is None else max(2, len(units)),
        unit_name=re.split(r"[./]", columns.unit)[-1] if columns.unit else "picture",
        decimals=_decimals(found.high - found.low, found.mean),
    )


def _decimals(width: float, mean: float) -> int:
    """Return the decimals that show some digits of an interval, or of the mean where that is not known."""
    size = width / 2 if math.isfinite(width) and width > 0 else abs(mean)
    return 2 if not size or not math.isfinite(size) else min(12, max(0, DIGITS - 1 - math.floor(math.log10(size))))
