"""Steps and epochs, against counting them one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sfumato.recipe import Budget
from sfumato.recipe.budget import Batching


@given(st.integers(1, 50), st.one_of(st.integers(1, 70), st.just("all")), st.integers(0, 200))
def test_samples_and_steps_match_a_count(samples: int, batch: int | str, steps: int) -> None:
    batching = Batching.of(batch, samples)  # pyright: ignore[reportArgumentType]
    seen, left, per_epoch = 0, samples, 0
    for number in range(steps):
        taken = min(batching.batch, left)
        seen, left = seen + taken, left - taken
        if left == 0:
            left = samples
            per_epoch = per_epoch or number + 1
    assert batching.samples_after(steps) == seen
    assert per_epoch in (0, batching.steps_per_epoch)
    assert batching.batch == (samples if batch == "all" else min(int(batch), samples))


def test_the_first_limit_ends_the_budget() -> None:
    batching = Batching(samples=100, batch=30)
    assert batching.steps_per_epoch == 4
    assert batching.last_step(Budget(epochs=2, steps=9)) == 8
    assert batching.last_step(Budget(epochs=2, steps=7)) == 7
    # Fractions of a step are rounded up.
    assert batching.last_step(Budget(epochs=0.3)) == 2
    assert batching.last_step(Budget(epochs=0)) == 0
    assert batching.last_step(Budget(seconds=3, psnr=30)) is None
