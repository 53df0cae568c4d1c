"""Successive halving of candidates by their scores alone."""

from __future__ import annotations

import math
import random

import pytest

from sfumato.lab.halving import DEFAULT_CANDIDATES, RUNGS, Schedule, chosen, extrapolated, promoted
from sfumato.lab.rates import mean


def test_the_default_search_costs_a_quarter_of_a_grid_of_25() -> None:
    schedule = Schedule(DEFAULT_CANDIDATES)
    assert schedule.counts == (26, 4, 2)
    assert [len(each) for each in schedule.generations] == [8, 3, 3, 3, 3, 3, 3]
    assert schedule.cost == pytest.approx(26 / 9 + 4 / 3 + 2)
    assert schedule.cost <= 25 / 4


@pytest.mark.parametrize("count", [4, 5, 8, 13, 26, 27, 100, 200])
def test_generations_have_every_candidate_once(count: int) -> None:
    schedule = Schedule(count)
    assert [number for each in schedule.generations for number in each] == list(range(count))
    assert all(schedule.generations)
    assert count >= schedule.counts[1] >= schedule.counts[2] >= 2
    assert len(schedule.trainings) == sum(schedule.counts)


def test_the_best_of_a_rung_are_promoted_and_the_best_of_the_last_is_chosen() -> None:
    schedule = Schedule(8)
    scores = {number: {0: (float(number % 5), float(number % 5))} for number in range(8)}
    assert promoted(schedule, scores, 1) == [3, 4]
    # A candidate with one failed seed is not promoted.
    scores[4] = {0: (9.0, -math.inf)}
    assert promoted(schedule, scores, 1) == [2, 3]
    scores[3][1], scores[2][1] = (5.0, 5.0), (6.0, 6.0)
    assert chosen(scores) == 2
    assert promoted(schedule, scores, 2) == [2, 3]
    scores[3][2] = (1.0, 1.0)
    assert chosen(scores) == 3
    assert chosen({}) is None


@pytest.mark.parametrize("seed", range(20))
def test_no_estimate_of_a_dropped_candidate_exceeds_the_chosen_one(seed: int) -> None:
    random_ = random.Random(seed)
    schedule = Schedule(13)

    def draw(rung: int) -> tuple[float, ...]:
        # Scores need not rise with the budget.
        return tuple(random_.gauss(20 + rung, 3) if random_.random() > 0.1 else -math.inf for _ in range(3))

    scores = {number: {0: draw(0)} for number in range(13)}
    for rung in (1, 2):
        for number in promoted(schedule, scores, rung):
            scores[number][rung] = draw(rung)
    best = chosen(scores)
    assert best is not None
    found = extrapolated(scores)
    assert found[best] == scores[best][2]
    if all(math.isfinite(mean(of[rung])) for of in scores.values() for rung in of if rung):
        assert max(map(mean, found.values())) == mean(found[best])


def test_a_dropped_candidate_is_assumed_to_gain_what_the_others_gained() -> None:
    scores = {
        0: {0: (10.0, 11.0), 1: (14.0, 15.0), 2: (18.0, 18.0)},
        1: {0: (10.0, 10.0), 1: (12.0, 12.0)},
        2: {0: (7.0, 9.0)},
    }
    # The mean gains are 3 from the first rung, and 3.5 from the second.
    assert extrapolated(scores) == {0: (18.0, 18.0), 1: (15.5, 15.5), 2: (13.5, 15.5)}
    assert len(RUNGS) == 3
