"""Successive halving: which settings are tried, which of them are trained longer, and which one is chosen.

Settings, the candidates, come in generations. All of them are trained with a small fraction of the budget; the best
ones again from the start with more of it, and the best of these with all of it (Jamieson and Talwalkar 2016). A
generation is suggested from the scores of those before it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfumato.lab.rates import mean

RUNGS = (1 / 9, 1 / 3, 1.0)
"""Fractions of the budget, each three times the one before, as in Hyperband (Li et al. 2018)."""

DEFAULT_CANDIDATES = 26
"""Candidates of a search that costs 6.2 trainings of the whole budget per seed, a quarter of a grid of 25."""

FEWEST_CANDIDATES, MOST_CANDIDATES = 4, 200

GENERATION = 3
"""Candidates of a generation after the first one."""

Scores = Mapping[int, Sequence[float]]
"""Rung to the score of each tuning seed: higher is better; -inf where training failed or diverged."""


@dataclass(frozen=True)
class Schedule:
    """The trials of a search, the same for all arms."""

    candidates: int

    @property
    def generations(self) -> tuple[range, ...]:
        """The candidates of each generation, by number: a third of all first, then a few at a time."""
        starts = [0, *range(max(2, self.candidates // 3), self.candidates, GENERATION), self.candidates]
        return tuple(range(a, b) for a, b in itertools.pairwise(starts))

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of candidates on each rung."""
        return (self.candidates, max(2, self.candidates // 6), max(2, self.candidates // 12))

    @property
    def trainings(self) -> tuple[float, ...]:
        """The fraction of the budget of every training that one seed needs."""
        return tuple(rung for rung, count in zip(RUNGS, self.counts, strict=True) for _ in range(count))

    @property
    def cost(self) -> float:
        """The cost of a search for each seed, in trainings of the whole budget."""
        return math.fsum(self.trainings)


def promoted(schedule: Schedule, scores: Mapping[int, Scores], rung: int) -> list[int]:
    """Return the candidates that are trained on a rung above the first: the best of the one below, in rising order."""
    below = {number: mean(of[rung - 1]) for number, of in scores.items() if rung - 1 in of}
    best = sorted(below, key=lambda number: (-below[number], number))
    return sorted(best[: schedule.counts[rung]])


def chosen(scores: Mapping[int, Scores]) -> int | None:
    """Return the candidate of the highest mean on the highest rung that any has reached; the first among equals."""
    highest = max((rung for of in scores.values() for rung in of), default=0)
    means = {number: mean(of[highest]) for number, of in sorted(scores.items()) if highest in of}
    return max(means, key=lambda number: means[number], default=None)


def extrapolated(scores: Mapping[int, Scores]) -> dict[int, tuple[float, ...]]:
    """Return every candidate's scores of the whole budget, estimated where it was not trained that long.

    From its highest rung, a candidate is assumed to gain as much as those that were promoted from there did on average.
    So, unless a promoted one diverged, the estimate of none exceeds the score of the one chosen, and how near they come
    to it tells how easily noise would have promoted and chosen others.
    """
    gains = [_gain(scores, rung) for rung in range(len(RUNGS) - 1)]
    found: dict[int, tuple[float, ...]] = {}
    for number, of in sorted(scores.items()):
        if of:
            highest = max(of)
            gain = math.fsum(gains[highest:])
            found[number] = tuple(score + gain for score in of[highest])
    return found


def _gain(scores: Mapping[int, Scores], rung: int) -> float:
    """Return the mean gain of the candidates that finished a rung and the next one on all seeds."""
    pairs = [(mean(of[rung]), mean(of[rung + 1])) for of in scores.values() if rung in of and rung + 1 in of]
    gains = [after - before for before, after in pairs if math.isfinite(before) and math.isfinite(after)]
    return math.fsum(gains) / len(gains) if gains else 0.0
