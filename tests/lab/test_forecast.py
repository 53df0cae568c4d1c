"""The number of remaining trials and their time, from a short measurement of each arm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfumato.errors import RunError
from sfumato.lab import forecast as forecasts
from sfumato.lab.experiment import marks, run_plan
from sfumato.lab.forecast import forecast
from sfumato.lab.trial import Outcome, Trial, identity
from tests.lab import tuned
from tests.lab.small_plan import small_plan, target

TWO: tuple[dict[str, Any], dict[str, Any]] = ({}, {"model": {"width": 24}})

SECONDS_PER_SAMPLE = {"a": 0.001, "b": 0.003}
"""Seconds per sample."""


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Record the trials that are measured, which take the time of `SECONDS_PER_SAMPLE`."""
    found: list[Trial] = []

    def train(trial: Trial, learned: Any) -> Outcome:
        found.append(trial)
        row = {"samples": 50, "seconds": 50 * SECONDS_PER_SAMPLE[trial.key.arm], "status": "finished"}
        return Outcome(trial.key, {**identity(trial.key), **row}, {}, (), None)

    monkeypatch.setattr(forecasts, "train", train)
    return found


def test_the_time_of_every_trial_and_of_its_evaluations(measured: list[Trial], tmp_path: Path) -> None:
    plan = small_plan(*TWO, seeds=3)
    found = forecast(plan, target(), tmp_path / "e", workers=2)
    # 4 epochs of 120 pixels, and a third of an epoch for each evaluation: at the marks, and at the end.
    samples = 4 * 120 + (len(marks(4)) + 1) * 120 / 3
    assert (found.done, found.left, found.workers) == (0, 6, 2)
    assert found.seconds == pytest.approx(3 * samples * (0.001 + 0.003) / 2)
    assert [trial.key.arm for trial in measured] == ["a", "b"]
    # The measurement is short however few operations a step has.
    assert [trial.recipe.budget.seconds for trial in measured] == [2 * forecasts.MEASURED_SECONDS] * 2


def test_tuning_trials_are_counted(measured: list[Trial], tmp_path: Path) -> None:
    plan = small_plan(*TWO, seeds=3, tune=True)
    found = forecast(plan, target(), tmp_path / "e")
    # Six rates on three seeds in most searches; then the verdict.
    assert (found.left, found.tuning) == (2 * (6 * 3 + 3), 2 * 6 * 3)


def test_suggestions_take_time_that_more_workers_do_not_shorten(measured: list[Trial], tmp_path: Path) -> None:
    plan = tuned.plan()
    seconds = {workers: forecast(plan, target(), tmp_path / "e", workers=workers).seconds or 0 for workers in (1, 2)}
    # Of eight settings of each arm the first two are not suggested.
    suggesting = 2 * 6 * forecasts.SUGGESTION_SECONDS
    assert seconds[1] - suggesting == pytest.approx(2 * (seconds[2] - suggesting))
    assert seconds[2] > suggesting > 0


@pytest.mark.slow
def test_finished_trials_are_not_forecast(measured: list[Trial], tmp_path: Path) -> None:
    plan = small_plan(*TWO, seeds=3)
    run_plan(plan, target(), tmp_path / "e")
    found = forecast(plan, target(), tmp_path / "e")
    assert (found.done, found.left, found.seconds) == (6, 0, 0.0)
    assert not measured
    with pytest.raises(RunError, match="holds another experiment"):
        forecast(small_plan({}, {"model": {"width": 25}}, seeds=3), target(), tmp_path / "e")
    with pytest.raises(RunError, match="holds this experiment with 3 seeds. Got 2; give as many or more"):
        forecast(small_plan(*TWO), target(), tmp_path / "e")


def test_when_measuring_takes_long_operations_are_used(
    measured: list[Trial], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = small_plan(*TWO, seeds=1)
    clock = iter((0.0, 1.0, 9.0))
    monkeypatch.setattr(forecasts.time, "perf_counter", lambda: next(clock))
    found = forecast(plan, target(), tmp_path / "e", workers=1)
    assert [trial.key.arm for trial in measured] == ["a"]
    one, other = (arm.operations or 0 for arm in plan.arms)
    samples = 4 * 120 + (len(marks(4)) + 1) * 120 / 3
    assert found.seconds == pytest.approx(samples * 0.001 * (1 + other / one))


def test_a_custom_network_is_not_measured(measured: list[Trial], tmp_path: Path) -> None:
    plan = small_plan({}, {"model": {"module": "tests.lab.broken_network:Deadly"}})
    found = forecast(plan, target(), tmp_path / "e")
    assert (found.left, found.seconds) == (4, None)
    assert [trial.key.arm for trial in measured] == ["a"]


def test_a_budget_of_seconds_is_the_forecast(measured: list[Trial], tmp_path: Path) -> None:
    plan = small_plan({"budget": {"seconds": 7}}, {"budget": {"seconds": 7}}, equal="seconds", seeds=2)
    found = forecast(plan, target(), tmp_path / "e", workers=1)
    assert found.seconds is not None
    assert 28 <= found.seconds < 32


@pytest.mark.slow
def test_a_real_measurement_gives_a_forecast(tmp_path: Path) -> None:
    found = forecast(small_plan(*TWO), target(), tmp_path / "e")
    assert found.seconds is not None
    assert found.seconds > 0
