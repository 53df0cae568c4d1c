"""Confidence intervals over pictures: published numbers, coverage, and null comparisons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato.lab.statistics import components, interval, over_pictures

# Montgomery, Design and Analysis of Experiments, example of the random-effects model: strength of a fabric from 4 looms
# chosen at random. Mean squares 29.73 and 1.90, components of variance 6.96 and 1.90.
LOOMS = [[98, 97, 99, 96], [91, 90, 93, 92], [96, 95, 97, 95], [95, 96, 99, 98]]


def drawn(generator: np.random.Generator, pictures: int, seeds: int, share: float, count: int) -> NDArray[np.float64]:
    """Return differences (count, pictures, seeds) of mean 0 and variance 1; ``share``: the pictures' part of it."""
    of_pictures = generator.standard_normal((count, pictures, 1)) * math.sqrt(share)
    return of_pictures + generator.standard_normal((count, pictures, seeds)) * math.sqrt(1 - share)


def test_montgomery_s_looms() -> None:
    found = components(LOOMS)
    assert found is not None
    assert (found.pictures, found.seeds) == pytest.approx((6.96, 1.90), abs=0.005)
    assert found.seed_share == pytest.approx(1.8958 / 4 / (6.9583 + 1.8958 / 4), abs=1e-4)
    # The mean square between looms is the denominator: 95.44 +- t(0.975, 3) * sqrt(29.73 / 16).
    whole = over_pictures(LOOMS)
    assert whole.mean == pytest.approx(95.4375)
    assert whole.high - whole.mean == pytest.approx(3.18245 * math.sqrt(29.73 / 16), rel=1e-3)


def test_pictures_with_unequal_numbers_of_seeds() -> None:
    generator = np.random.default_rng(5)
    groups = [list(generator.normal(generator.normal(0, 2), 1, size)) for size in generator.integers(1, 6, 4000)]
    found = components(groups)
    assert found is not None
    assert (found.pictures, found.seeds) == pytest.approx((4, 1), rel=0.1)
    assert over_pictures([[1.0, 3.0], [], [4.0]]).pairs == 2


@pytest.mark.parametrize("groups", [[], [[1.0, 2.0]], [[1.0], [2.0]], [[], []]])
def test_without_two_seeds_of_a_picture_there_are_no_components(groups: list[list[float]]) -> None:
    assert components(groups) is None


def test_differences_that_are_all_equal() -> None:
    found = components([[1.0, 1.0], [1.0, 1.0]])
    assert found is not None
    assert found.seed_share == 0.0
    whole = over_pictures([[1.0, 1.0]] * 5)
    assert (whole.low, whole.high, whole.sign) == (1.0, 1.0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("pictures", [5, 10, 24])
def test_ten_thousand_intervals_cover_as_often_as_they_say(pictures: int) -> None:
    count, covered, naive = 10_000, 0, 0
    for each in drawn(np.random.default_rng(pictures), pictures, 3, 0.5, count):
        found = over_pictures(each.tolist())
        covered += found.low <= 0 <= found.high
        # An interval that took every training for a new picture would be too narrow.
        wrong = interval(each.ravel().tolist())
        naive += wrong.low <= 0 <= wrong.high
    # Three standard deviations of a binomial count.
    assert covered / count == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / count))
    assert naive / count < 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("pictures", "seeds", "share"), [(5, 3, 0.1), (8, 1, 0.5), (10, 5, 0.9), (24, 3, 0.5)])
def test_of_2000_null_comparisons_over_pictures_about_95_in_100_show_no_difference(
    pictures: int, seeds: int, share: float
) -> None:
    none = sum(
        over_pictures(each.tolist()).sign == 0
        for each in drawn(np.random.default_rng(round(1000 * share) + pictures), pictures, seeds, share, 2000)
    )
    assert 0.934 <= none / 2000 <= 0.966
