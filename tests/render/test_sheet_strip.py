from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.render import theme
from sfumato.render.sheet import Strip
from tests.render.moving import CURVE

SIZE = (200, 40)


def drawn(curve: list[tuple[float, float]], epoch: float) -> NDArray[np.float64]:
    return np.asarray(Strip(SIZE, 15, curve).draw(epoch), np.float64)


def dot(strip: NDArray[np.float64]) -> tuple[float, float]:
    """Return the (column, row) of the dot, which is the rightmost area in the accent color."""
    rows, columns = np.nonzero((np.abs(strip - np.array(theme.ACCENT)) < 1).all(axis=2))
    end = columns > columns.max() - 8
    return float(columns[end].mean()), float(rows[end].mean())


def test_the_dot_moves_right_with_the_epochs_and_down_with_the_loss() -> None:
    positions = [dot(drawn(CURVE, epoch)) for epoch in (2, 8, 19)]
    assert positions[0][0] < positions[1][0] < positions[2][0]
    assert positions[0][1] < positions[1][1] < positions[2][1]
    assert positions[2][0] > SIZE[0] - 10


def test_the_curve_after_the_current_epoch_is_faint() -> None:
    half = drawn(CURVE, 9.5)
    assert (np.abs(half[:, 120:] - np.array(theme.ACCENT)).max(axis=2) > 50).all()
    assert np.abs(half[:, 120:] - np.array(theme.BACKGROUND)).max() > 40


def test_the_axis_is_logarithmic() -> None:
    row_of = [dot(drawn([(0, 1.0), (1, 0.1), (2, 0.01)], epoch))[1] for epoch in (0, 1, 2)]
    assert abs((row_of[1] - row_of[0]) - (row_of[2] - row_of[1])) < 1


def test_losses_that_a_logarithmic_axis_cannot_show_are_skipped() -> None:
    invalid = [*CURVE, (3.3, math.nan), (4.4, math.inf), (5.5, 0.0), (6.6, -1.0), (math.nan, 0.1)]
    assert np.array_equal(drawn(invalid, 8), drawn(CURVE, 8))


def test_few_points_can_be_drawn() -> None:
    empty = drawn([], 3)
    assert (empty == np.array(theme.BACKGROUND)).all()
    assert np.array_equal(drawn([(1, math.nan)], 3), empty)
    assert not np.array_equal(drawn([(1, 0.1)], 3), empty)
    assert not np.array_equal(drawn([(0, 0.1), (0, 0.1)], 0), empty)


def test_a_long_noisy_run_is_drawn_as_a_thin_line() -> None:
    random = np.random.default_rng(0)
    epochs = np.linspace(0, 100, 50_000)
    losses = np.exp(-epochs / 50 + random.normal(0, 0.2, epochs.size))
    strip = drawn([(float(e), float(loss)) for e, loss in zip(epochs, losses, strict=True)], 0)
    bright = np.abs(strip - np.array(theme.BACKGROUND)).max(axis=2) > 30
    assert bright[:, 20:].sum(axis=0).mean() < 6


def test_epochs_outside_the_curve_stay_inside_the_strip() -> None:
    assert np.array_equal(drawn(CURVE, 1000), drawn(CURVE, 19))
    assert np.array_equal(drawn(CURVE, -1), drawn(CURVE, 0))
