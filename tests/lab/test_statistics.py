"""Confidence intervals against a textbook's numbers, and against their nominal coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sfumato.lab.statistics import interval


def test_student_s_own_sleep_data() -> None:
    # Student (1908), hours of sleep gained by 10 patients with the second drug over the first: mean 1.58, and the
    # interval 0.70 to 2.46 that R's t.test documents for them.
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = interval([b - a for a, b in zip(first, second, strict=True)])
    assert found.mean == pytest.approx(1.58)
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert found.sign == 1


def test_intervals_of_a_family_have_bonferroni_s_correction() -> None:
    values = [1.0, 2.0, 4.0, 3.5, 2.5]
    # t of 4 degrees at 1 - 0.05 / (2 * 5) is 4.604, from a table.
    found = interval(values, comparisons=5)
    half = 4.6041 * np.std(values, ddof=1) / math.sqrt(5)
    assert found.high - found.mean == pytest.approx(half, rel=1e-4)
    assert found.mean - found.low == pytest.approx(half, rel=1e-4)


def test_too_few_pairs_give_no_verdict() -> None:
    assert interval([3.0, 3.1, 3.0, 3.1]).low > 0
    assert interval([3.0, 3.1, 3.0, 3.1]).sign == 0
    assert interval([3.0]).low == -math.inf
    assert math.isnan(interval([]).mean)
    assert interval([2.0] * 5).sign == 1
    assert interval([0.0] * 5).sign == 0


@pytest.mark.parametrize("comparisons", [1, 5])
@pytest.mark.slow
def test_of_2000_null_comparisons_about_95_in_100_show_no_difference(comparisons: int) -> None:
    """Test a family of several intervals for its simultaneous coverage."""
    random = np.random.default_rng(2012)
    quiet = 0
    for _ in range(2000):
        family = random.normal(size=(comparisons, 5))
        quiet += all(interval(list(differences), comparisons).sign == 0 for differences in family)
    assert 0.934 <= quiet / 2000 <= 0.966


def test_real_differences_are_seen_in_their_direction() -> None:
    random = np.random.default_rng(3)
    signs = [interval(list(random.normal(2.0, 0.5, 5))).sign for _ in range(200)]
    assert signs.count(1) > 190
    assert signs.count(-1) == 0
