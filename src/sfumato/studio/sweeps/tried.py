"""What a sweep has tried, as columns: all configurations by their objectives, and the chosen ones in full."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.runs.entry import printable
from sfumato.studio.sweeps import earlier
from sfumato.studio.sweeps.database import WHOLE, Database
from sfumato.studio.sweeps.spec_file import BETTER, WORST

RESULTS = tuple(BETTER)
FINISHED, PRUNED, DIVERGED, FAILED = STATES = ("finished", "pruned", "diverged", "failed")

MAX_TRIALS = 50_000
"""Configurations that are considered, the latest of more, and the best of the earlier ones."""
MAX_AXES = 40
MAX_CHOICES = 1000
MAX_NAME = 200
"""Characters of a parameter's name or category."""
MAX_DISTRIBUTION = 20_000
"""Characters of a parameter's distribution; the values of a field, which may have more, are those of sweep.json."""
UNKNOWN = ("unknown",)
"""The one category of a parameter whose distribution cannot be read: what its numbers mean is unknown."""
MAX_NUMBER = 40
"""Characters of a number in JSON."""


@dataclass(frozen=True)
class Tried:
    """The configurations that have been tried, in order, and those that are under way."""

    ids: list[int]
    numbers: list[int]
    places: list[int]
    """How many had been tried with each."""
    states: list[str]
    """One of `STATES` each."""
    values: NDArray[np.float64]
    """(configurations, objectives); NaN where there is no measurement, as for all that did not finish."""
    pruned: int
    running: int
    total: int
    latest: int
    """Configurations that are considered without regard to their scores; the others are the best of all before."""
    curve: list[tuple[int, float]]
    """(place, value of the first objective) of those that were better than all before."""
    wanted: int | None
    """Configurations that the last start was to reach; None if that is unknown."""

    def count(self, state: str) -> int:
        """Return the number of the latest configurations in a state."""
        return self.states[len(self.states) - self.latest :].count(state)


@dataclass
class Axis:
    """A parameter of the space, with its values for some configurations."""

    name: str
    choices: list[str] | None
    """Categories, whose values are their positions; None for numbers."""
    low: float | None
    high: float | None
    log: bool
    values: list[float | None] = field(default_factory=list)
    """None where the configuration does not have the parameter."""


def read(database: Database, objectives: Sequence[str]) -> Tried:
    """Return what has been tried."""
    counts = database.counts()
    done = "state IN ('COMPLETE', 'PRUNED')"
    query = (
        f"SELECT trial_id, number, state FROM trials WHERE study_id = ? AND {done} AND {WHOLE} "
        "ORDER BY trial_id DESC LIMIT ?"
    )
    rows = database.rows(query, (database.study, MAX_TRIALS))[::-1]
    latest = [(trial, number, state) for trial, number, state in rows if 0 <= number < 10**12]
    total = max(counts.get("COMPLETE", 0) + counts.get("PRUNED", 0), len(latest))
    before = earlier.Earlier()
    if latest and len(rows) < total:
        before = earlier.read(database, objectives[0], latest[0][0])
    found = [(trial, number, "COMPLETE") for _, trial, number in before.kept] + latest
    ids = [trial for trial, _, _ in found]
    statuses = _statuses(database, ids)
    states = [PRUNED if state == "PRUNED" else statuses.get(trial, FAILED) for trial, _, state in found]
    at = {trial: row for row, trial in enumerate(ids) if states[row] == FINISHED}
    values = np.full((len(ids), len(objectives)), np.nan)
    query = "SELECT trial_id, objective, value FROM trial_values WHERE trial_id IN ({trials})"
    for trial, objective, value in database.of_trials(query, ids):
        row = at.get(trial)
        if row is not None and isinstance(objective, int) and 0 <= objective < len(objectives):
            values[row, objective] = _finite(value, math.nan)
    for objective, name in enumerate(objectives):
        _remove_stand_ins(database, ids, values[:, objective], name)
    places = [place for place, _, _ in before.kept] + [total - len(latest) + row + 1 for row in range(len(latest))]
    return Tried(
        ids,
        [number for _, number, _ in found],
        places,
        states,
        values,
        pruned=counts.get("PRUNED", 0),
        running=counts.get("RUNNING", 0),
        total=total,
        latest=len(latest),
        curve=_curve(before.curve, places, values[:, 0], objectives[0]),
        wanted=_wanted(database),
    )


def axes(database: Database, trials: Sequence[int], space: Mapping[str, Sequence[str]]) -> list[Axis]:
    """Return the parameters of some configurations, in the order of the space's fields, whose values are given."""
    at = {trial: row for row, trial in enumerate(trials)}
    found: dict[str, Axis] = {}
    query = (
        f"SELECT trial_id, substr(param_name, 1, {MAX_NAME}), param_value, param_id FROM trial_params "
        "WHERE trial_id IN ({trials})"
    )
    for trial, name, value, row in database.of_trials(query, trials):
        if trial not in at:
            continue
        axis = found.get(name)
        if axis is None:
            if len(found) == MAX_AXES or not isinstance(name, str):
                continue
            axis = found[name] = _axis(database, name, row, space.get(name, ()), len(trials))
        axis.values[at[trial]] = _within(axis, _finite(value, None))

    def place(axis: Axis) -> int:
        owners = (place for place, name in enumerate(space) if axis.name == name or axis.name.startswith(f"{name}."))
        return next(owners, len(space))

    return sorted(found.values(), key=place)


def results(database: Database, trials: Sequence[int]) -> dict[str, list[float | None]]:
    """Return the results of some configurations by name; those of diverged and failed ones are None where unknown."""
    at = {trial: row for row, trial in enumerate(trials)}
    found: dict[str, list[float | None]] = {name: [None] * len(trials) for name in RESULTS}
    names = ",".join(f"'{name}'" for name in RESULTS)
    query = (
        f"SELECT trial_id, key, substr(value_json, 1, {MAX_NUMBER}) FROM trial_user_attributes "
        f"WHERE key IN ({names}) AND trial_id IN ({{trials}})"
    )
    for trial, key, text in database.of_trials(query, trials):
        if key in found and trial in at:
            found[key][at[trial]] = _finite(parsed(text), None)
    return found


def pareto(values: NDArray[np.float64], signs: NDArray[np.float64], most: int) -> list[int]:
    """Return the rows that no other row beats in all objectives, at most so many, the best in the first one first."""
    alive = np.flatnonzero(np.isfinite(values).all(axis=1))
    scores = values[alive] * signs
    # In lexicographic order none is beaten by a later one.
    order = np.lexsort(scores.T[::-1])[::-1]
    alive, scores = alive[order], scores[order]
    found: list[int] = []
    while len(alive) and len(found) < most:
        found.append(int(alive[0]))
        best = scores[0]
        beaten = (scores <= best).all(axis=1) & (scores < best).any(axis=1)
        beaten[0] = True
        alive, scores = alive[~beaten], scores[~beaten]
    return found


def parsed(text: Any) -> Any:
    """Return the value of a bounded JSON text; None if it is none."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _statuses(database: Database, trials: Sequence[int]) -> dict[int, str]:
    query = (
        f"SELECT trial_id, substr(value_json, 1, {MAX_NUMBER}) FROM trial_user_attributes "
        "WHERE key = 'status' AND trial_id IN ({trials})"
    )
    known = {json.dumps(state): state for state in STATES}
    return {trial: known.get(text, FAILED) for trial, text in database.of_trials(query, trials)}


def _remove_stand_ins(database: Database, trials: Sequence[int], column: NDArray[np.float64], name: str) -> None:
    """Set to NaN what finished configurations count as whose result is unknown: the worst there is."""
    worst = WORST[BETTER[name]]
    if BETTER[name] == "minimize":
        column[column >= worst] = np.nan
        return
    # The worst score may have been measured, too.
    rows = np.flatnonzero(column == worst).tolist()
    query = (
        f"SELECT trial_id, substr(value_json, 1, {MAX_NUMBER}) FROM trial_user_attributes "
        f"WHERE key = '{name}' AND trial_id IN ({{trials}})"
    )
    doubtful = database.of_trials(query, [trials[row] for row in rows])
    known = {trial for trial, text in doubtful if _finite(parsed(text), None) is not None}
    column[[row for row in rows if trials[row] not in known]] = np.nan


def _curve(
    before: Sequence[tuple[int, float]], places: Sequence[int], column: NDArray[np.float64], objective: str
) -> list[tuple[int, float]]:
    """Return (place, value) of what was better than all before, which may have a curve already."""
    sign = 1.0 if BETTER[objective] == "maximize" else -1.0
    scores = np.where(np.isfinite(column), column * sign, -np.inf)
    first = sign * before[-1][1] if before else -np.inf
    best = np.concatenate(([first], np.maximum(np.maximum.accumulate(scores)[:-1], first))) if len(scores) else scores
    found = [(places[row], float(column[row])) for row in np.flatnonzero(scores > best).tolist()]
    return [*before, *found][-earlier.MAX_STEPS :]


def _wanted(database: Database) -> int | None:
    query = "SELECT substr(value_json, 1, 20) FROM study_user_attributes WHERE study_id = ? AND key = 'trials' LIMIT 1"
    found = [parsed(text) for (text,) in database.rows(query, (database.study,))]
    return next((each for each in found if isinstance(each, int) and 0 < each < 10**9), None)


def _axis(database: Database, name: str, row: int, labels: Sequence[str], size: int) -> Axis:
    def categories(names: Sequence[Any]) -> Axis:
        texts = [printable(str(each))[:MAX_NAME] for each in names]
        return Axis(printable(name), texts, None, None, False, [None] * size)

    if len(labels) > 1:
        # The distribution has the same, as a text that may be long.
        return categories(labels)
    query = f"SELECT substr(distribution_json, 1, {MAX_DISTRIBUTION}) FROM trial_params WHERE param_id = ? LIMIT 1"
    found = parsed(next((text for (text,) in database.rows(query, (row,))), None))
    about = found.get("attributes") if isinstance(found, Mapping) else None
    about = about if isinstance(about, Mapping) else {}
    choices = about.get("choices")
    low, high = (_finite(about.get(end), None) for end in ("low", "high"))
    if isinstance(choices, list) and len(choices) <= MAX_CHOICES:
        return categories(choices)
    if choices is not None or low is None or high is None:
        return categories(UNKNOWN)
    return Axis(printable(name), None, low, high, about.get("log") is True and low > 0, [None] * size)


def _within(axis: Axis, value: float | None) -> float | None:
    """Return the value if the axis has it."""
    if value is None or (axis.log and value <= 0):
        return None
    if axis.choices is None:
        return value
    if axis.choices == [*UNKNOWN]:
        return 0.0
    return value if value.is_integer() and 0 <= value < len(axis.choices) else None


def _finite(value: Any, otherwise: Any) -> Any:
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return otherwise
    return number if math.isfinite(number) else otherwise


def evenly(rows: Iterable[int], most: int) -> list[int]:
    """Return at most so many of the rows, evenly chosen."""
    found = list(rows)
    if len(found) <= most:
        return found
    return [found[number * len(found) // most] for number in range(most)] if most else []
