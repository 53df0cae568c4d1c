"""The table in `training.divergence`, line by line."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sfumato.training.divergence import Divergence

MEAN_COLOR_MSE = 0.05


def detector(relative_change: float = 0.1, mean_color_mse: float = MEAN_COLOR_MSE) -> Divergence:
    """Return a detector for a network whose weights change by ``relative_change`` between two readings."""
    value = [1.0]

    def weights() -> dict[str, np.ndarray]:
        value[0] *= 1 + relative_change
        return {"weight": np.full((2, 2), value[0])}

    return Divergence(mean_color_mse, weights)


def given_up(mses: list[float], *, steps: int = 100, relative_change: float = 0.1) -> tuple[int, str | None] | None:
    """Return the index of the MSE at which training is given up, one per epoch of ``steps`` steps, and the cause."""
    divergence = detector(relative_change)
    for number, mse in enumerate(mses):
        if divergence.update(mse, number / len(mses), float(number), (number + 1) * steps):
            assert divergence.reason
            return number, divergence.cause
    assert divergence.reason is divergence.cause is None
    return None


def test_an_mse_that_is_not_finite_ends_it_at_once() -> None:
    assert given_up([0.1, math.nan, 0.1]) == (1, "rate")
    assert given_up([0.1, math.inf]) == (1, "rate")
    assert given_up([math.nan], steps=1) == (0, "start")
    assert given_up([math.nan], steps=50) == (0, "rate")


def test_a_high_mse_for_long_while_weights_change() -> None:
    assert given_up([0.3] * 40) == (10, "rate")
    assert given_up([0.3] * 40, relative_change=1e-4) is None


def test_an_mse_that_has_grown() -> None:
    assert given_up([0.04] * 20 + [0.3] * 20) == (30, "rate")
    # Even if the weights do not change.
    assert given_up([0.04] * 20 + [0.3] * 20, relative_change=0) == (30, "rate")


def test_a_high_mse_for_a_short_time_is_no_divergence() -> None:
    assert given_up([0.3] * 9 + [0.09] + [0.3] * 9 + [0.09] * 21) is None
    # A short training may have a high MSE throughout.
    assert given_up([0.3] * 40, steps=1) is None


def test_a_high_mse_that_falls_is_no_divergence() -> None:
    curves: list[Callable[[int], float]] = [lambda number: 100 * 0.8**number, lambda number: 0.3 * 0.993**number]
    for curve in curves:
        assert given_up([curve(number) for number in range(40)]) is None


def test_the_baseline_of_a_nearly_uniform_picture_has_a_lower_bound() -> None:
    divergence = detector(mean_color_mse=1e-9)
    assert not any(divergence.update(0.015, number / 40, float(number), number * 100) for number in range(40))
