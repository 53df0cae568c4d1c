"""The search for a learning rate: its border, its refinement, its end."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from sfumato.lab.rates import COARSE, REACH, STEPS_PER_DECADE, best_of, next_exponents
from sfumato.lab.statistics import interval, selection

START = -96
"""10^-3."""


def search(score: Callable[[int], tuple[float, ...]], start: int = START) -> dict[int, tuple[float, ...]]:
    """Search as an experiment does."""
    scores: dict[int, tuple[float, ...]] = {}
    while exponents := next_exponents(scores, start):
        assert not set(exponents) & scores.keys()
        scores |= {exponent: score(exponent) for exponent in exponents}
    return scores


@pytest.mark.parametrize("best", [START - 3 * COARSE, START - 5, START, START + 7, START + 4 * COARSE + 1])
@pytest.mark.parametrize("width", [3.0, 30.0])
def test_a_peak_is_found_wherever_it_is(best: int, width: float) -> None:
    scores = search(lambda exponent: (-(((exponent - best) / width) ** 2),) * 2)
    assert abs(best_of(scores) - best) <= 1
    assert len(scores) < 20


def test_a_narrow_peak_between_the_coarse_rates_is_refined() -> None:
    """Test with SIREN's scores: 20.3 dB at 0.001, 22 at 0.0017."""

    def score(exponent: int) -> tuple[float, ...]:
        noise = np.random.default_rng(exponent + 1000).normal(0, 0.15, 3)
        return tuple(22 - 0.25 * abs(exponent - (START + 7)) + noise)

    scores = search(score)
    assert abs(best_of(scores) - (START + 7)) <= 2
    assert 5 <= len(scores) <= 8


def test_a_flat_peak_is_not_refined() -> None:
    scores = search(lambda exponent: tuple(20 + np.random.default_rng(exponent + 1000).normal(0, 0.5, 3)))
    assert all((exponent - START) % COARSE == 0 for exponent in scores)


def test_the_grid_is_limited() -> None:
    for sign in (-1, 1):
        scores = search(lambda exponent, sign=sign: (float(sign * exponent),) * 2)
        assert best_of(scores) == START + sign * REACH
        assert len(scores) == 2 + REACH // COARSE


def test_diverging_rates_are_avoided() -> None:
    scores = search(lambda exponent: (-math.inf, 1.0) if exponent > START - 20 else (-abs(exponent + 140.0),) * 2)
    assert best_of(scores) == -140
    nowhere = search(lambda exponent: (-math.inf,) * 2)
    assert best_of(nowhere) == START - REACH


def test_the_lowest_of_equally_good_rates_is_chosen() -> None:
    assert best_of({0: (20.0, 20.0), 16: (19.0, 21.0), -16: (18.0, 19.0)}) == 0


@pytest.mark.slow
def test_the_noise_of_the_choice_is_part_of_the_interval() -> None:
    """Test two arms of equal rates that choose by independent noise: the interval of many seeds must not exclude 0."""
    random = np.random.default_rng(5)
    bare = widened = 0
    for _ in range(60):
        best = START + random.uniform(-8, 8)

        def level(exponent: int, best: float = best) -> float:
            return 22 - 0.3 * ((exponent - best) * 8 / STEPS_PER_DECADE) ** 2

        tables = [search(lambda exponent: tuple(level(exponent) + random.normal(0, 0.5, 3))) for _ in range(2)]
        chosen = [level(best_of(table)) for table in tables]
        differences = list(chosen[0] - chosen[1] + random.normal(0, 0.7, 60))
        found = selection(*(list(table.values()) for table in tables))
        bare += interval(differences).sign != 0
        widened += interval(differences, selection=found).sign != 0
    assert bare >= 8
    assert widened <= 6


def test_arms_with_equal_scores_have_no_selection_noise() -> None:
    table = [(20.0, 20.5, 19.8), (20.1, 20.3, 20.0), (-math.inf, 3.0, 3.0)]
    assert selection(table, table).variance == 0
    assert selection(table, [(20.0, 20.4, 20.1)]).variance > 0
    assert selection([(1.0,), (2.0,)], [(1.0,)]).variance == 0
