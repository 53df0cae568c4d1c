from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.recipe import choices
from sfumato.training.schedules import factor
from tests.recipe.strategies import choices as any_choice


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (choices.Constant(), [1, 1, 1]),
        (choices.Linear(), [1, 0.5, 0]),
        (choices.Linear(end=0.2), [1, 0.6, 0.2]),
        (choices.Cosine(), [1, 0.5, 0]),
        (choices.Cosine(end=0.5), [1, 0.75, 0.5]),
    ],
    ids=str,
)
def test_start_middle_end(schedule: choices.Schedule, expected: list[float]) -> None:
    assert [factor(schedule, x) for x in (0, 0.5, 1)] == pytest.approx(expected, abs=1e-12)


def test_cosine_at_a_quarter() -> None:
    assert factor(choices.Cosine(), 0.25) == pytest.approx((1 + math.sqrt(0.5)) / 2)


def test_the_factor_rises_from_0_during_warm_up_and_then_decays() -> None:
    schedule = choices.Linear(warmup=0.2)
    assert [factor(schedule, x) for x in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx([0, 0.5, 1, 0.5, 0])


@given(any_choice(choices.Schedule), st.floats(0, 1))
def test_a_factor_is_between_0_and_1(schedule: choices.Choice, progress: float) -> None:
    assert isinstance(schedule, choices.Schedule)
    assert 0 <= factor(schedule, progress) <= 1
