"""Tuning of one field of an arm: three values first, more beside the best ones. By default of the learning rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sfumato.lab.measure import MEASURES
from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.rates import COARSE, TYPICAL_RATES, best_of, lines_of, mean, next_exponents, values_of
from sfumato.lab.rates import Line as RatioLine
from sfumato.lab.setting import LR, Rates, Setting, TunedField
from sfumato.lab.trial import Key, key_at

Rows = Mapping[Key, dict[str, Any]]
"""Rows of the trials that have ended, by key."""


class Line(Protocol):
    """The settings among which one number is searched, one for each whole exponent."""

    @property
    def start(self) -> int:
        """The exponent in the middle of the first three."""
        ...

    @property
    def reach(self) -> int:
        """The largest distance of an exponent from the start."""
        ...

    def setting(self, exponent: int) -> Setting:
        """Return the setting at an exponent."""
        ...


@dataclass(frozen=True)
class FieldLine:
    """The values of a field in its range, at the rates of the recipe: from -32 at one end to 32 at the other."""

    tuned: TunedField
    rates: Rates
    start: int = 0
    reach: int = 2 * COARSE

    def setting(self, exponent: int) -> Setting:
        """Return the setting at an exponent, its value to three digits."""
        return Setting(self.rates, ((self.tuned.name, self.tuned.range.at(0.5 + exponent / (2 * self.reach))),))


@dataclass(frozen=True)
class RateLine:
    """The learning rates of an optimizer in a range, at fixed ratios: from -32 at one end to 32 at the other."""

    tuned: TunedField
    ratios: RatioLine
    start: int = 0
    reach: int = 2 * COARSE

    def setting(self, exponent: int) -> Setting:
        """Return the setting at an exponent, the first rate that is not 0 to three digits."""
        return Setting(self.ratios.scaled(self.tuned.range.at(0.5 + exponent / (2 * self.reach))))


def good(row: Mapping[str, Any]) -> bool:
    """Return whether training finished with a score."""
    return row["status"] == "finished" and any(row.get(each.field) is not None for each in MEASURES.values())


def score_of(plan: Plan, row: Mapping[str, Any]) -> float:
    """Return the score of a tuning trial; -inf where training failed or diverged."""
    return row[plan.measure.field] if good(row) else -math.inf


def tried(plan: Plan, rows: Rows, arm: Arm) -> dict[Setting, tuple[float, ...]]:
    """Return the scores of every tuning seed by setting, in rising order; -inf where training failed or diverged.

    Settings that some of the tuning seeds have not finished yet are left out.
    """
    return {
        line.setting(exponent): scores[exponent]
        for line in _lines(plan, arm)
        for scores in (_scores(plan, rows, arm, line),)
        for exponent in sorted(scores)
    }


def wanted(plan: Plan, rows: Rows, arm: Arm) -> list[Setting]:
    """Return the settings that the arm tries next; an empty list when its search is over."""
    found = (
        line.setting(exponent)
        for line in _lines(plan, arm)
        for exponent in next_exponents(_scores(plan, rows, arm, line), line.start, line.reach)
    )
    # Neighboring exponents may be the same whole number.
    return list(dict.fromkeys(found))


def best(found: Mapping[Setting, tuple[float, ...]]) -> Setting:
    """Return the setting of the highest mean; the first, and so the lowest, among equals."""
    return max(found, key=lambda setting: mean(found[setting]))


def typical_trials(plan: Plan, rows: Rows, arm: Arm) -> int:
    """Return about how many tuning trials the arm still needs; 0 when its search is over."""
    next_ones = wanted(plan, rows, arm)
    if not next_ones:
        return 0
    typical = TYPICAL_RATES * len(_lines(plan, arm)) - len(tried(plan, rows, arm))
    return len(plan.tuning_units) * max(typical, len(next_ones))


def at_border(plan: Plan, rows: Rows, arm: Arm) -> int:
    """Return -1 or 1 where the best setting is the lowest or highest tried on its line, else 0."""
    found = tried(plan, rows, arm)
    for line in _lines(plan, arm):
        scores = _scores(plan, rows, arm, line)
        if scores and line.setting(highest := best_of(scores)) == best(found):
            return -1 if highest == min(scores) else 1 if highest == max(scores) else 0
    return 0


def _lines(plan: Plan, arm: Arm) -> tuple[Line, ...]:
    tuning, optimizer = plan.tuning, arm.recipe.training.optimizer
    if tuning is None:
        return ()
    ratios = lines_of(optimizer, plan.optimizers)
    if not tuning.asked:
        return ratios
    found: list[Line] = []
    for each in plan.tuned_fields(arm.name):
        if each.name == LR:
            found += [RateLine(each, one) for one in ratios]
        else:
            found.append(FieldLine(each, values_of(optimizer)))
    return tuple(found)


def _scores(plan: Plan, rows: Rows, arm: Arm, line: Line) -> dict[int, tuple[float, ...]]:
    found: dict[int, tuple[float, ...]] = {}
    for exponent in _exponents(rows, arm, line, plan.tuning_units[0]):
        setting = line.setting(exponent)
        of_units = [rows.get(key_at("tuning", arm.name, unit, setting)) for unit in plan.tuning_units]
        whole = [row for row in of_units if row is not None]
        if len(whole) == len(of_units):
            found[exponent] = tuple(score_of(plan, row) for row in whole)
    return found


def _exponents(rows: Rows, arm: Arm, line: Line, unit: Unit) -> range:
    """Return the exponents that may have been tried: none lie beyond an untried border of the coarse grid."""
    ends: list[int] = []
    for step in (-COARSE, COARSE):
        end = line.start
        while abs(end - line.start) < line.reach and key_at("tuning", arm.name, unit, line.setting(end + step)) in rows:
            end += step
        ends.append(end)
    return range(ends[0], ends[1] + 1)
