from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.recipe import Budget
from sfumato.recipe.budget import Batching
from sfumato.training.clock import Clock

FIVE_STEPS = Batching(samples=5, batch=1)


def test_the_first_limit_ends_it() -> None:
    clock = Clock(Budget(epochs=2, steps=7, seconds=100), FIVE_STEPS)
    assert clock.last_step == 7
    clock.record(6, 1.0)
    assert not clock.ended
    clock.record(1, 1.0)
    assert clock.ended
    assert clock.progress == 1.0


def test_fractions_of_epochs_are_rounded_to_whole_steps() -> None:
    assert Clock(Budget(epochs=0.5), FIVE_STEPS).last_step == 3
    assert Clock(Budget(epochs=0), FIVE_STEPS).ended


def test_seconds_end_it() -> None:
    clock = Clock(Budget(seconds=2), FIVE_STEPS)
    assert clock.last_step is None
    clock.record(10, 1.0)
    assert clock.progress == 0.5
    assert clock.progress_at(5) == 0.75
    clock.record(10, 1.0)
    assert clock.ended


def test_a_psnr_alone_gives_no_last_step() -> None:
    clock = Clock(Budget(psnr=30), FIVE_STEPS)
    clock.record(10**6, 1e6)
    assert not clock.ended
    assert clock.progress == 0


def test_the_first_steps_are_few() -> None:
    clock = Clock(Budget(steps=1000), FIVE_STEPS)
    history = []
    for _ in range(4):
        steps = clock.steps_in(1.0)
        history.append(steps)
        clock.record(steps, 0.001 * steps)
    assert history == [1, 4, 16, 64]


def test_the_number_of_steps_grows_beyond_a_small_epoch() -> None:
    clock = Clock(Budget(steps=10**9), FIVE_STEPS)
    for _ in range(12):
        wanted = clock.steps_in(0.1)
        for _ in range(-(-wanted // 5)):
            clock.record(min(wanted, 5), min(wanted, 5) * 1e-6)
    assert clock.steps_in(0.1) == pytest.approx(100_000, rel=0.01)


@pytest.mark.slow
@given(st.integers(1, 300), st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=50))
def test_steps_never_pass_the_budget(limit: int, seconds: list[float]) -> None:
    clock = Clock(Budget(steps=limit), FIVE_STEPS)
    for duration in seconds:
        if clock.ended:
            break
        steps = clock.steps_in(0.1)
        assert 1 <= steps <= limit - clock.step
        clock.record(steps, duration)
    assert clock.step <= limit
