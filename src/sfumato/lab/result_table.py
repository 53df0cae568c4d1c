"""Verdicts on anybody's results: a table with one row per training, such as an export of W&B, MLflow or trackio."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sfumato.errors import RunError
from sfumato.formatting import pluralize, shortened
from sfumato.lab.plan import MOST_ARMS
from sfumato.lab.result_rows import Columns, ResultRows, Row
from sfumato.lab.statistics import LEVEL, interval, over_pictures
from sfumato.lab.verdict import Comparison, claim

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
    left_out: str = ""
    """How many rows were left out, and why; empty if none were."""

    def sentences(self) -> list[str]:
        """Return one line per comparison: the verdict, and its conditions in parentheses."""
        return [f"{claim(each)} ({', '.join(self._conditions(each))})" for each in self.comparisons]

    def _conditions(self, comparison: Comparison) -> list[str]:
        pairs = comparison.difference.pairs
        words = [pluralize(pairs, comparison.unit_name)]
        if self.columns.unit is None:
            words = [f"{pluralize(pairs, 'pair')} of equal {', '.join(self.columns.pair)}"]
        elif (found := comparison.components) is not None:
            words.append(f"seed share of the variance {found.seed_share:.0%}")
        if comparison.missing:
            words.append(f"{comparison.missing} without a pair")
        words.append(f"{'lower' if self.lower_is_better else 'higher'} is better")
        if len(self.comparisons) > 1:
            words.append(f"CIs simultaneous for {len(self.comparisons)} comparisons")
        if self.left_out:
            words.append(self.left_out)
        return words


def compare(table: ResultRows, reference: str | None = None, *, lower_is_better: bool = False) -> Result:
    """Compare every arm with the reference, by default the first of the table. Raises RunError."""
    rows, columns = table.rows, table.columns
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
    values = _by_arm(rows)
    others = [arm for arm in arms if arm != base]
    sign = -1.0 if lower_is_better else 1.0
    return Result(
        columns,
        base,
        tuple(_scores(arm, values[arm]) for arm in arms),
        tuple(_comparison(arm, base, values, units, columns, len(others), sign) for arm in others),
        tuple(units),
        lower_is_better,
        table.left_out_words,
    )


Key = tuple[str, tuple[str, ...]]
"""(unit, pair)."""


def _by_arm(rows: Sequence[Row]) -> dict[str, dict[Key, float]]:
    found: dict[str, dict[Key, float]] = {}
    for row in rows:
        found.setdefault(row.arm, {})[row.unit, row.pair] = row.value
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
        unit=("lower " if sign < 0 else "") + columns.called,
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
