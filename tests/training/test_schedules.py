from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from sfumato import train
from sfumato.recipe import choices
from sfumato.training.schedules import factor, factors
from tests.recipe.strategies import choices as any_choice


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (choices.Constant(), [1, 1, 1]),
        (choices.Linear(), [1, 0.5, 0]),
        (choices.Linear(end=0.2), [1, 0.6, 0.2]),
        (choices.Cosine(), [1, 0.5, 0]),
        (choices.Cosine(end=0.5), [1, 0.75, 0.5]),
        (choices.Exponential(end=0.01), [1, 0.1, 0.01]),
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


PYTORCH = {
    "exponential(end=0.1, evaluated=start)": lambda optimizer, epochs: lr_scheduler.LambdaLR(
        optimizer, lambda number: 0.1 ** min(number / epochs, 1)
    ),
    "cosine(evaluated=start)": lambda optimizer, epochs: lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs),
    "linear(end=0.2, evaluated=start)": lambda optimizer, epochs: lr_scheduler.LinearLR(
        optimizer, start_factor=1.0, end_factor=0.2, total_iters=epochs
    ),
}
"""Schedules evaluated at the start of a step or epoch, and the schedulers of PyTorch that they are."""


def rates_of_pytorch(name: str, count: int) -> list[float]:
    """Return the rates of PyTorch's scheduler, which steps after each of ``count`` updates."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, rates = PYTORCH[name](optimizer, count), []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("name", PYTORCH)
def test_schedules_evaluated_at_the_start_of_a_step_are_those_of_pytorch(name: str) -> None:
    found = factors(choices.Schedule.parse(name), 20, 0, lambda ahead: ahead / 20)
    assert found == pytest.approx(rates_of_pytorch(name, 20), rel=1e-12)


@pytest.mark.parametrize("name", PYTORCH)
def test_a_schedule_evaluated_at_the_start_of_an_epoch_is_constant_within_it(name: str) -> None:
    schedule = choices.Schedule.parse(name.replace("start", "epoch"))
    found = [
        factor
        for epoch in range(5)
        for step in (0, 2)
        for factor in factors(schedule, 2, step, lambda ahead, done=4 * epoch + step: (done + ahead) / 20)
    ]
    assert found == pytest.approx([rate for rate in rates_of_pytorch(name, 5) for _ in range(4)], rel=1e-12)


def test_a_training_takes_the_factors_of_its_schedule_at_the_start_of_steps() -> None:
    # Two steps, of which the first is the warm-up: the second one starts at its end, and decays.
    picture = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    training = {"batch": "all", "optimizer": "sgd(lr=0.5)"}
    for evaluated, factor_of_last in (("start", 1.0), ("middle", 0.5)):
        schedule = f"linear(warmup=0.5, evaluated={evaluated})"
        first, *_, last = train(
            picture,
            model={"width": 8, "depth": 1},
            training={**training, "schedule": schedule},
            budget={"steps": 2},
            evaluation={"interval": "epoch"},
            engine="autograd",
        )
        assert first.step == 0
        assert last.step == 2
        assert last.learning_rate == pytest.approx(0.5 * factor_of_last)


@given(any_choice(choices.Schedule), st.floats(0, 1))
def test_a_factor_is_between_0_and_1(schedule: choices.Choice, progress: float) -> None:
    assert isinstance(schedule, choices.Schedule)
    assert 0 <= factor(schedule, progress) <= 1
