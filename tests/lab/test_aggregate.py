"""Aggregates over pictures, against their definitions and against simple cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sfumato.lab import aggregate
from sfumato.lab.aggregate import interquartile_mean, performance_profile, probability_of_improvement


@pytest.mark.slow
def test_the_interquartile_mean_drops_a_quarter_on_each_side() -> None:
    found = interquartile_mean({0: [1.0, 100.0], 1: [3.0, 4.0], 2: [5.0, 6.0], 3: [-50.0, 2.0]})
    assert found is not None
    assert found.value == pytest.approx(np.mean([2.0, 3.0, 4.0, 5.0]))
    assert found.low < found.value < found.high
    assert interquartile_mean({0: []}) is None


@pytest.mark.slow
def test_its_interval_narrows_with_more_pictures() -> None:
    def width(pictures: int) -> float:
        scores = np.random.default_rng(1).normal(30, 3, (pictures, 2))
        found = interquartile_mean(dict(enumerate(scores.tolist())))
        assert found is not None
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width(160) < 0.5 * width(10)


def test_the_probability_of_improvement_counts_pairs_on_one_picture() -> None:
    # On picture 0 three of four pairs are higher; on picture 1 all, though its scores are far below those of 0.
    found = probability_of_improvement({0: [2.0, 5.0], 1: [0.2, 0.3], 2: [7.0]}, {0: [1.0, 3.0], 1: [0.0, 0.1]})
    assert found is not None
    assert found.value == pytest.approx((3 / 4 + 1) / 2)
    same = probability_of_improvement({0: [1.0, 1.0]}, {0: [1.0, 1.0]})
    assert same is not None
    assert same.value == 0.5
    assert (same.low, same.high) == (-np.inf, np.inf)
    assert probability_of_improvement({0: [1.0]}, {1: [1.0]}) is None


def test_the_profile_is_one_minus_the_distribution_of_scores() -> None:
    values = [1.0, 2.0, 2.0, 4.0]
    thresholds = np.array([0.5, 1.5, 2.0, 3.0, 5.0])
    found = performance_profile({0: values}, thresholds)
    below = stats.ecdf(values).cdf.evaluate(thresholds - 1e-9)
    assert found == pytest.approx(1 - below)
    # Pictures weigh equally, however many seeds they have.
    assert performance_profile({0: [1.0] * 9, 1: [3.0]}, np.array([2.0])) == pytest.approx([0.5])
    assert performance_profile({0: []}, np.array([2.0])) == pytest.approx([0.0])


@pytest.mark.parametrize("seeds", [(2, 2, 2, 2), (2, 1, 3, 2)], ids=["as many seeds each", "others"])
def test_its_interval_is_that_of_resampled_pictures(seeds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate, "RESAMPLES", 40)
    # Several batches.
    monkeypatch.setattr(aggregate, "BATCH_SCORES", 100)
    rng = np.random.default_rng(1)
    scores = {number: rng.normal(30, 3, count).tolist() for number, count in enumerate(seeds)}
    means = [
        stats.trim_mean(np.concatenate([scores[number] for number in drawn]), 0.25)
        for drawn in np.random.default_rng(0).integers(0, 4, (40, 4))
    ]
    found = interquartile_mean(scores)
    assert found is not None
    assert [found.low, found.high] == pytest.approx(np.percentile(means, [2.5, 97.5]))
