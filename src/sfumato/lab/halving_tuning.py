"""Tuning of several fields of an arm by successive halving of the settings that Optuna suggests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from sfumato.lab.grid_tuning import Rows, score_of
from sfumato.lab.halving import RUNGS, Schedule, chosen, extrapolated, promoted
from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.ranges import Range
from sfumato.lab.rates import Line, lines_of, mean, values_of
from sfumato.lab.setting import LR, Setting
from sfumato.lab.suggest import Point, suggested
from sfumato.lab.trial import Key

RATIOS = "ratios"
"""Name of the whole number that chooses a line of rates, where arms of one optimizer state several ratios."""


@dataclass(frozen=True)
class Candidate:
    """A setting that is tried, and its scores so far."""

    setting: Setting
    scores: dict[int, tuple[float, ...]] = field(default_factory=dict)
    """Scores of every tuning seed by the number of the rung; rungs that some seeds have not finished are left out."""


def schedule(plan: Plan) -> Schedule:
    """Return the trials of every arm's search."""
    assert plan.tuning is not None
    return Schedule(plan.tuning.candidates)


def candidates(plan: Plan, rows: Rows, arm: Arm) -> dict[int, Candidate]:
    """Return what has been tried, by number. The rows decide, so that nothing is suggested twice."""
    found: dict[int, Candidate] = {}
    scores: dict[tuple[int, int], dict[Unit, float]] = {}
    for key, row in rows.items():
        if key.arm == arm.name and key.candidate is not None and key.fraction in RUNGS:
            found.setdefault(key.candidate, Candidate(key.setting))
            scores.setdefault((key.candidate, RUNGS.index(key.fraction)), {})[key.unit] = score_of(plan, row)
    for (number, rung), of_units in scores.items():
        if all(unit in of_units for unit in plan.tuning_units):
            found[number].scores[rung] = tuple(of_units[unit] for unit in plan.tuning_units)
    return dict(sorted(found.items()))


def wanted(plan: Plan, rows: Rows, arm: Arm) -> list[Key]:
    """Return the trials that the arm's search needs next; an empty list when it is over.

    A generation is suggested when all before it have been tried; candidates are promoted when all generations have, and
    from rung to rung. So the trials do not depend on the order in which others finish.
    """
    if not plan.tuned_fields(arm.name):
        return []
    found, planned = candidates(plan, rows, arm), schedule(plan)
    for generation in planned.generations:
        settings = {number: found[number].setting for number in generation if number in found}
        if len(settings) < len(generation):
            told = {number: found[number] for number in range(generation.start)}
            settings = dict(zip(generation, _suggested(plan, arm, told, len(generation)), strict=True)) | settings
        if missing := list(_missing(plan, rows, arm, settings, 0)):
            return missing
    return _of_higher_rungs(plan, rows, arm, found)


def is_over(plan: Plan, rows: Rows, arm: Arm) -> bool:
    """Return whether the arm's search needs no trials any more. It needs no Optuna to tell."""
    if not plan.tuned_fields(arm.name):
        return True
    found = candidates(plan, rows, arm)
    first = [number for number, each in found.items() if 0 in each.scores]
    return len(first) == schedule(plan).candidates and not _of_higher_rungs(plan, rows, arm, found)


def best(found: dict[int, Candidate]) -> Setting | None:
    """Return the setting of the highest score on the highest rung; None before any has been tried."""
    number = chosen({number: each.scores for number, each in found.items()})
    return None if number is None else found[number].setting


def table(plan: Plan, rows: Rows, arm: Arm) -> list[tuple[float, ...]]:
    """Return the scores of every candidate by tuning seed, extrapolated to the whole budget."""
    found = candidates(plan, rows, arm)
    return list(extrapolated({number: each.scores for number, each in found.items()}).values())


def coming(plan: Plan, rows: Rows, arm: Arm) -> list[float]:
    """Return the fraction of the budget of each trial that the arm's search still needs."""
    if not plan.tuned_fields(arm.name):
        return []
    done = Counter(key.fraction for key in rows if key.arm == arm.name and key.candidate is not None)
    of_all = Counter(
        {rung: count * len(plan.tuning_units) for rung, count in zip(RUNGS, schedule(plan).counts, strict=True)}
    )
    return sorted((of_all - done).elements())


def suggestions_to_come(plan: Plan, rows: Rows, arm: Arm) -> int:
    """Return how many settings a Gaussian process has still to suggest: those after the first, as far as not there."""
    if not plan.tuned_fields(arm.name):
        return 0
    there = {key.candidate for key in rows if key.arm == arm.name and key.candidate is not None}
    return sum(number not in there for generation in schedule(plan).generations[1:] for number in generation)


def borders(plan: Plan, arm: Arm, setting: Setting) -> dict[str, int]:
    """Return the tuned fields whose values in the setting are at an end of their range: -1 the lower, 1 the upper."""
    found: dict[str, int] = {}
    for one, value in zip(_space(plan, arm), _point(plan, arm, setting), strict=True):
        place = one.place(value)
        if one.name != RATIOS and not BORDER < place < 1 - BORDER:
            found[one.name] = -1 if place < 0.5 else 1
    return found


BORDER = 0.02
"""Share of a range at each of its ends in which a value counts as one at the border."""


def _of_higher_rungs(plan: Plan, rows: Rows, arm: Arm, found: dict[int, Candidate]) -> list[Key]:
    """Return the next trials of promoted candidates, after the first rung."""
    scores = {number: each.scores for number, each in found.items()}
    for rung in range(1, len(RUNGS)):
        settings = {number: found[number].setting for number in promoted(schedule(plan), scores, rung)}
        if missing := list(_missing(plan, rows, arm, settings, rung)):
            return missing
    return []


def _missing(plan: Plan, rows: Rows, arm: Arm, settings: dict[int, Setting], rung: int) -> Iterator[Key]:
    for (number, setting), (picture, seed) in product(sorted(settings.items()), plan.tuning_units):
        key = Key("tuning", arm.name, seed, setting.rates, picture, setting.values, RUNGS[rung], number)
        if key not in rows:
            yield key


def _suggested(plan: Plan, arm: Arm, told: dict[int, Candidate], count: int) -> list[Setting]:
    of_told = tuple((_point(plan, arm, each.setting), mean(each.scores[0])) for each in told.values())
    return [setting_at(plan, arm, point) for point in suggested(_space(plan, arm), of_told, count)]


def _rate_lines(plan: Plan, arm: Arm) -> tuple[Line, ...]:
    return lines_of(arm.recipe.training.optimizer, plan.optimizers)


def _space(plan: Plan, arm: Arm) -> tuple[Range, ...]:
    ranges = [each.range for each in plan.tuned_fields(arm.name)]
    lines = len(_rate_lines(plan, arm))
    if lines > 1 and any(one.name == LR for one in ranges):
        ranges.append(Range(RATIOS, 0, lines - 1, whole=True, log=False))
    return tuple(ranges)


def setting_at(plan: Plan, arm: Arm, point: Point) -> Setting:
    """Return the setting of a point in the arm's ranges."""
    values = dict(zip((one.name for one in _space(plan, arm)), point, strict=True))
    line = _rate_lines(plan, arm)[int(values.pop(RATIOS, 0))]
    rate = values.pop(LR, None)
    rates = values_of(arm.recipe.training.optimizer) if rate is None else line.scaled(rate)
    return Setting(rates, tuple(sorted(values.items())))


def _point(plan: Plan, arm: Arm, setting: Setting) -> Point:
    lines, values = _rate_lines(plan, arm), dict(setting.values)
    for number, line in enumerate(lines):
        rate = next((rate for rate, ratio in zip(setting.rates, line.ratios, strict=True) if ratio), 0.0)
        if line.scaled(rate) == setting.rates:
            values |= {LR: rate, RATIOS: float(number)}
            break
    return tuple(values[one.name] for one in _space(plan, arm))
