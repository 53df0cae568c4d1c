from __future__ import annotations

import math

from sfumato.training.divergence import Divergence

FLAT = 0.05


def given_up(errors: list[float], *, steps: int = 100) -> int | None:
    """The index of the error at which it gives up, one error an epoch of so many steps."""
    watch = Divergence(FLAT)
    for number, error in enumerate(errors):
        if watch.sees(error, number / len(errors), float(number), number * steps):
            assert watch.reason
            return number
    assert watch.reason is None
    return None


def test_what_is_not_finite_ends_it_at_once() -> None:
    assert given_up([0.1, math.nan, 0.1]) == 1
    assert given_up([0.1, math.inf]) == 1


def test_bad_for_long() -> None:
    assert given_up([0.3] * 40) == 10
    assert given_up([0.04] * 20 + [0.3] * 20) == 30


def test_bad_for_a_while_is_no_reason() -> None:
    assert given_up([0.3] * 9 + [0.09] + [0.3] * 9 + [0.09] * 21) is None
    # A short training may be all bad.
    assert given_up([0.3] * 40, steps=1) is None


def test_bad_but_better_is_no_reason() -> None:
    assert given_up([100 * 0.8**number for number in range(40)]) is None


def test_a_nearly_uniform_picture_is_no_measure() -> None:
    watch = Divergence(1e-9)
    assert not any(watch.sees(0.015, number / 40, float(number), number * 100) for number in range(40))
