"""The table in `training.divergence`, line by line."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sfumato.training.divergence import Divergence

FLAT = 0.05


def watch(moves: float = 0.1, flat: float = FLAT) -> Divergence:
    """Of a network whose weights change by so much of their size each time that they are looked at."""
    size = [1.0]

    def weights() -> dict[str, np.ndarray]:
        size[0] *= 1 + moves
        return {"weight": np.full((2, 2), size[0])}

    return Divergence(flat, weights)


def given_up(errors: list[float], *, steps: int = 100, moves: float = 0.1) -> tuple[int, str | None] | None:
    """The index of the error at which it gives up, one error an epoch of so many steps; and the cause."""
    divergence = watch(moves)
    for number, error in enumerate(errors):
        if divergence.sees(error, number / len(errors), float(number), (number + 1) * steps):
            assert divergence.reason
            return number, divergence.cause
    assert divergence.reason is divergence.cause is None
    return None


def test_what_is_not_finite_ends_it_at_once() -> None:
    assert given_up([0.1, math.nan, 0.1]) == (1, "rate")
    assert given_up([0.1, math.inf]) == (1, "rate")
    assert given_up([math.nan], steps=1) == (0, "start")
    assert given_up([math.nan], steps=50) == (0, "rate")


def test_bad_for_long_while_weights_move() -> None:
    assert given_up([0.3] * 40) == (10, "rate")
    assert given_up([0.3] * 40, moves=1e-4) is None


def test_grown() -> None:
    assert given_up([0.04] * 20 + [0.3] * 20) == (30, "rate")
    # Whatever it is that holds them there.
    assert given_up([0.04] * 20 + [0.3] * 20, moves=0) == (30, "rate")


def test_bad_for_a_while_is_no_reason() -> None:
    assert given_up([0.3] * 9 + [0.09] + [0.3] * 9 + [0.09] * 21) is None
    # A short training may be all bad.
    assert given_up([0.3] * 40, steps=1) is None


def test_bad_but_better_is_no_reason() -> None:
    falls: list[Callable[[int], float]] = [lambda number: 100 * 0.8**number, lambda number: 0.3 * 0.993**number]
    for fall in falls:
        assert given_up([fall(number) for number in range(40)]) is None


def test_a_nearly_uniform_picture_is_no_measure() -> None:
    divergence = watch(flat=1e-9)
    assert not any(divergence.sees(0.015, number / 40, float(number), number * 100) for number in range(40))
