"""The best of those configurations of a large sweep that a page does not consider otherwise, because later ones are."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sfumato.studio.sweeps.database import WHOLE, Database
from sfumato.studio.sweeps.spec_file import BETTER, WORST

MAX_KEPT = 500
"""Configurations that are considered though they are earlier, the best."""
MAX_STEPS = 1000
"""Points of the curve of the best so far, the last."""

_WHERE = f"FROM trials WHERE state = 'COMPLETE' AND {WHOLE}"


@dataclass(frozen=True)
class Earlier:
    """The best of the earlier configurations, and how good they were."""

    kept: tuple[tuple[int, int, int], ...] = ()
    """(place, id, number) of the best; the place is the number of configurations tried until then."""
    curve: tuple[tuple[int, float], ...] = ()
    """(place, value) of those that were better than all before."""


def read(database: Database, objective: str, before: int) -> Earlier:
    """Return the best, in the first objective, of the configurations whose ids are less than ``before``.

    There may be a million, so that only their values are read in order, and trials by their ids.
    """
    least = BETTER[objective] == "minimize"
    # What diverged or failed counts as the worst there is.
    better, order, best = ("<", "ASC", WORST["minimize"]) if least else (">", "DESC", WORST["maximize"])
    query = (
        "SELECT trial_id, value FROM trial_values WHERE objective = 0 AND trial_id < ? "
        f"AND typeof(trial_id) = 'integer' AND typeof(value) = 'real' AND value {better} ? ORDER BY "
    )
    # Twice as many, because pruned ones have values, too.
    top = [trial for trial, _ in database.rows(f"{query} value {order} LIMIT {2 * MAX_KEPT}", (before, best))]
    numbers = dict(database.of_trials(f"SELECT trial_id, number {_WHERE} AND trial_id IN ({{trials}})", top))
    kept = [trial for trial in dict.fromkeys(top) if 0 <= numbers.get(trial, -1) < 10**12][:MAX_KEPT]
    curve: deque[tuple[int, float]] = deque(maxlen=MAX_STEPS)
    for trial, value in database.each(f"{query} trial_id", (before, best)):
        if (value < best if least else value > best) and database.rows(f"SELECT 1 {_WHERE} AND trial_id = ?", (trial,)):
            best = value
            curve.append((trial, value))
    places = _places(database, sorted({*kept, *(trial for trial, _ in curve)}))
    return Earlier(
        tuple((places[trial], trial, numbers[trial]) for trial in sorted(kept)),
        tuple((places[trial], value) for trial, value in curve),
    )


def _places(database: Database, trials: Sequence[int]) -> dict[int, int]:
    """Return how many configurations had been tried with each of some trials, in order."""
    query = "SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED') AND trial_id > ? AND trial_id <= ?"
    found: dict[int, int] = {}
    last, place = -1, 0
    for trial in trials:
        place += database.rows(query, (last, trial))[0][0]
        found[trial] = place
        last = trial
    return found
