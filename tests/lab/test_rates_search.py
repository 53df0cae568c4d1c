"""The search for a learning rate: its border, its refinement, its end."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from sfumato.lab import statistics
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


def test_a_peak_beside_a_plateau_of_collapsed_trainings_is_refined() -> None:
    """Test with scores that rise to a precipice, beyond which all are equally low: the plateau bounds nothing."""

    def score(exponent: int) -> tuple[float, ...]:
        noise = np.random.default_rng(exponent + 1000).normal(0, 0.1, 3)
        return tuple((30 + 0.1 * (exponent - START) if exponent <= START + 11 else 14.0) + noise)

    scores = search(score)
    assert START + 9 <= best_of(scores) <= START + 11
    assert len(scores) <= 9


def test_seeds_that_collapse_at_a_neighbor_are_no_noise_of_the_best_rate() -> None:
    """Test with one seed of three collapsed on one side of the best rate, and none on the other."""
    scores = {
        START - COARSE: (24.5, 24.7, 24.4), START: (26.0, 26.1, 25.9), START + COARSE: (26.2, 15.0, 25.8),
    }  # fmt: skip
    assert next_exponents(scores, START) == [START - COARSE // 2]
    # Where both neighbors scatter as much, it is noise.
    scores[START - COARSE] = (26.0, 15.0, 25.8)
    assert next_exponents(scores, START) == []


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


def test_the_noise_of_the_choice_is_the_loss_over_all_samples_of_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = [(20.0, 21.0, 23.0), (21.5, 20.5, 21.0), (-math.inf, 30.0, 30.0)], [(20.0, 20.0, 20.0)]
    losses: list[float] = []
    for sample in itertools.product(range(3), repeat=3):
        means = [
            np.mean(row) + math.sqrt(3 / 2) * (np.mean([row[seed] for seed in sample]) - np.mean(row)) for row in a[:2]
        ]
        losses.append(0.0 if means[0] >= means[1] else float(np.mean(a[0]) - np.mean(a[1])))
    assert 0 < sum(map(bool, losses)) < 27
    assert selection(a, b).variance == pytest.approx(np.mean(np.square(losses)), rel=1e-12)
    # Of more seeds, samples are drawn.
    table = [tuple(np.random.default_rng(number).normal(20, 1, 8)) for number in range(3)]
    drawn = selection(table, [(20.0,) * 8]).variance
    monkeypatch.setattr(statistics, "ENUMERATED", 8)
    statistics._samples.cache_clear()
    enumerated = selection(table, [(20.0,) * 8]).variance
    assert enumerated != drawn
    assert enumerated == pytest.approx(drawn, rel=0.05)


def test_a_rate_at_which_seeds_collapsed_is_not_chosen_by_noise() -> None:
    """Test with scores of ReLU networks: normal noise of that variance would let the last rate win, and lose 5 dB."""
    table = [(24.4, 26.6, 22.1, 24.5, 24.3), (25.9, 27.9, 23.4, 26.1, 25.7), (24.7, 26.8, 22.3, 15.8, 14.1)]
    other = [(23.0, 25.0, 21.0, 23.2, 22.9)]
    assert selection(table, other).variance == 0
    # One that is better where it did not collapse may be chosen.
    table[2] = (29.7, 31.8, 27.3, 15.8, 14.1)
    assert selection(table, other).variance > 0.5


def test_arms_with_equal_scores_have_no_selection_noise() -> None:
    table = [(20.0, 20.5, 19.8), (20.1, 20.3, 20.0), (-math.inf, 3.0, 3.0)]
    assert selection(table, table).variance == 0
    assert selection(table, [(20.0, 20.4, 20.1)]).variance > 0
    assert selection([(1.0,), (2.0,)], [(1.0,)]).variance == 0
