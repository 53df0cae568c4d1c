from __future__ import annotations

import numpy as np
import pytest

from sfumato.training.health.layers import stable_rank


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (3, 300), (20, 17), (17, 40), (120, 120)])
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_against_all_singular_values(shape: tuple[int, int], scale: float) -> None:
    matrix = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    singular = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    assert stable_rank(matrix * np.float32(scale)) == pytest.approx((singular**2).sum() / singular[0] ** 2, rel=1e-3)


def test_known_ranks() -> None:
    assert stable_rank(np.eye(30)) == pytest.approx(30)
    assert stable_rank(np.outer(np.arange(1.0, 31), np.arange(2.0, 22))) == pytest.approx(1)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_it_is_nan_for_zero_and_for_values_that_are_not_finite(value: float) -> None:
    assert np.isnan(stable_rank(np.full((20, 20), value)))
