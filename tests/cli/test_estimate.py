"""Estimates of durations: early, and once."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

import sfumato as sf
from sfumato.cli import estimate
from sfumato.cli.estimate import StageEstimate, TrainingEstimate
from sfumato.cli.progress import PaintProgress
from sfumato.recipe import Budget
from tests.small import SMALL, picture

SNAPSHOT = next(iter(sf.train(picture=picture(), **SMALL)))


def messages(budget: Budget, *points: tuple[float, int]) -> list[str]:
    """Return the messages after snapshots at the (seconds, steps), with 1,000 samples per step, 100 steps per epoch."""
    lines: list[str] = []
    training_estimate = TrainingEstimate(budget, lines.append)
    for seconds, step in points:
        fractions = [step / (budget.epochs * 100)] if budget.epochs else []
        fractions += [step / budget.steps] if budget.steps else []
        fractions += [seconds / budget.seconds] if budget.seconds else []
        values: dict[str, Any] = {"progress": max(fractions, default=0.0), "samples": 1000 * step, "epoch": step / 100}
        training_estimate.update(dataclasses.replace(SNAPSHOT, seconds=seconds, step=step, **values))
    return lines


POINTS = [(0.0, 0), (0.2, 1), (0.3, 14), (0.6, 53), (0.7, 66), (5.0, 625)]
"""(Seconds, steps): the first step is slow, the others run at 130 steps per second."""


@pytest.mark.parametrize(
    ("budget", "line"),
    [
        (Budget(epochs=500), "about 6.4 min for 500 epochs at 130.0k samples/s"),
        (Budget(steps=1300), "about 10 s for 1,300 steps at 130.0k samples/s"),
        (Budget(steps=1300, epochs=500), "about 10 s for 1,300 steps at 130.0k samples/s"),
        (Budget(steps=10**9, epochs=500), "about 6.4 min for 500 epochs at 130.0k samples/s"),
        (
            Budget(epochs=500, psnr=30),
            "about 6.4 min for 500 epochs at 130.0k samples/s, unless the PSNR is reached before",
        ),
        (Budget(epochs=500, seconds=1000), "about 6.4 min for 500 epochs at 130.0k samples/s"),
    ],
)
def test_a_long_budget_is_estimated_within_a_second(budget: Budget, line: str) -> None:
    assert messages(budget, *POINTS[:3]) == []
    assert messages(budget, *POINTS[:4]) == [line]
    assert messages(budget, *POINTS) == [line]


@pytest.mark.parametrize(
    "budget", [Budget(epochs=1), Budget(seconds=1000), Budget(psnr=30), Budget(epochs=500, seconds=20)]
)
def test_no_estimate_of_a_short_or_known_duration(budget: Budget) -> None:
    assert messages(budget, *POINTS) == []


def test_a_resumed_run_is_estimated_from_where_it_continues() -> None:
    points = [(100.0, 10_000), (100.2, 10_001), (100.6, 10_053)]
    assert messages(Budget(epochs=500), *points) == ["about 5.1 min for the remaining 400 epochs at 130.0k samples/s"]


def test_a_step_that_takes_long() -> None:
    assert messages(Budget(steps=600), (0.0, 0), (2.0, 1), (4.0, 2)) == ["about 20 min for 600 steps at 500 samples/s"]


def test_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, lines = [10.0], []
    monkeypatch.setattr(estimate.time, "monotonic", lambda: clock[0])
    stages = StageEstimate(lines.append)
    # The two seconds of loading are not included in the rate.
    for clock[0], done in ((12.0, 1), (12.1, 2), (12.5, 6), (13.0, 11), (14.0, 21)):
        stages.stage("film", done, 101)
    assert lines == ["about 8 s for the film"]
    for clock[0], done in ((14.1, 1), (15.0, 9), (16.0, 10)):
        stages.stage("sheet", done, 10)
    assert len(lines) == 1
    # The first item is included if it takes long.
    clock[0] = 36.0
    stages.stage("render", 100, 1000)
    assert lines[1:] == ["about 3 min for the render"]


def test_slow_first_items_give_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, lines = [10.0], []
    monkeypatch.setattr(estimate.time, "monotonic", lambda: clock[0])
    stages = StageEstimate(lines.append)
    for clock[0], done in ((12.0, 1), (12.7, 2), (12.8, 40), (13.9, 80), (14.1, 90), (14.3, 101)):
        stages.stage("film", done, 101)
    assert lines == []


def test_other_work_before_a_stage_is_not_included(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, lines = [10.0], []
    monkeypatch.setattr(estimate.time, "monotonic", lambda: clock[0])
    stages = StageEstimate(lines.append)
    clock[0] = 60.0
    stages.other_work()
    for clock[0], done in ((60.2, 1), (60.4, 2), (60.8, 4), (61.0, 5)):
        stages.stage("film", done, 20)
    assert lines == []


def test_training_before_a_stage_is_not_included(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [10.0]
    monkeypatch.setattr(estimate.time, "monotonic", lambda: clock[0])
    text = io.StringIO()
    with PaintProgress(Budget(seconds=50), console=Console(file=text)) as progress:
        clock[0] = 60.0
        progress.observe(SNAPSHOT)
        for clock[0], done in ((60.2, 1), (60.4, 2), (60.8, 4), (61.0, 5)):
            progress.stage("film", done, 20)
    assert "about" not in text.getvalue()
