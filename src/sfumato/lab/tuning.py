"""Tuning of an experiment's arms: the learning rates tried, the next ones to try, and the ones chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sfumato.lab.measure import MEASURES
from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.rates import (
    COARSE,
    REACH,
    TYPICAL_RATES,
    Line,
    Rates,
    best_of,
    lines_of,
    mean,
    next_exponents,
    values_of,
)
from sfumato.lab.trial import Key

Rows = Mapping[Key, dict[str, Any]]
"""Rows of the trials that have ended, by key."""


def good(row: Mapping[str, Any]) -> bool:
    """Return whether training finished with a score."""
    return row["status"] == "finished" and any(row.get(each.field) is not None for each in MEASURES.values())


def rates_tried(plan: Plan, rows: Rows, arm: Arm) -> dict[Rates, tuple[float, ...]]:
    """Return the scores of every tuning seed by rates, in rising order; -inf where training failed or diverged.

    Rates that some of the tuning seeds have not finished yet are left out.
    """
    return {
        line.at(exponent): scores[exponent]
        for line in _lines(plan, arm)
        for scores in (_scores(plan, rows, arm, line),)
        for exponent in sorted(scores)
    }


def rates_wanted(plan: Plan, rows: Rows, arm: Arm) -> list[Rates]:
    """Return the rates that the arm tries next; an empty list when its search is over."""
    return [
        line.at(exponent)
        for line in _lines(plan, arm)
        for exponent in next_exponents(_scores(plan, rows, arm, line), line.start)
    ]


def chosen_rates(plan: Plan, rows: Rows, arm: Arm) -> Rates | None:
    """Return the rates of the arm's verdict: the recipe's own without tuning; None while the search goes on."""
    if plan.tuning is None:
        return values_of(arm.recipe.training.optimizer)
    if rates_wanted(plan, rows, arm):
        return None
    return best_rates(rates_tried(plan, rows, arm))


def best_rates(tried: Mapping[Rates, tuple[float, ...]]) -> Rates:
    """Return the rates of the highest mean; the first, and so the lowest, among equals."""
    return max(tried, key=lambda rates: mean(tried[rates]))


def typical_trials(plan: Plan, rows: Rows, arm: Arm) -> int:
    """Return about how many tuning trials the arm still needs; 0 when its search is over."""
    wanted = rates_wanted(plan, rows, arm)
    if plan.tuning is None or not wanted:
        return 0
    typical = TYPICAL_RATES * len(_lines(plan, arm)) - len(rates_tried(plan, rows, arm))
    return plan.tuning.seeds * max(typical, len(wanted))


def at_border(plan: Plan, rows: Rows, arm: Arm) -> int:
    """Return -1 or 1 where the chosen rates are the lowest or highest tried on their line, else 0."""
    chosen = chosen_rates(plan, rows, arm)
    for line in _lines(plan, arm):
        scores = _scores(plan, rows, arm, line)
        if scores and line.at(best := best_of(scores)) == chosen:
            return -1 if best == min(scores) else 1 if best == max(scores) else 0
    return 0


def _lines(plan: Plan, arm: Arm) -> tuple[Line, ...]:
    if plan.tuning is None:
        return ()
    return lines_of(arm.recipe.training.optimizer, plan.optimizers)


def _scores(plan: Plan, rows: Rows, arm: Arm, line: Line) -> dict[int, tuple[float, ...]]:
    found: dict[int, tuple[float, ...]] = {}
    field = plan.measure.field
    for exponent in _exponents(rows, arm, line, plan.tuning_units[0]):
        rates = line.at(exponent)
        of_units = [rows.get(Key("tuning", arm.name, seed, rates, picture)) for picture, seed in plan.tuning_units]
        whole = [row for row in of_units if row is not None]
        if len(whole) == len(of_units):
            found[exponent] = tuple(row[field] if good(row) else -math.inf for row in whole)
    return found


def _exponents(rows: Rows, arm: Arm, line: Line, unit: Unit) -> range:
    """Return the exponents that may have been tried: none lie beyond an untried border of the coarse grid."""
    (picture, seed), ends = unit, list[int]()
    for step in (-COARSE, COARSE):
        end = line.start
        while abs(end - line.start) < REACH and Key("tuning", arm.name, seed, line.at(end + step), picture) in rows:
            end += step
        ends.append(end)
    return range(ends[0], ends[1] + 1)
