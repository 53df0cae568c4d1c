"""The overhead of instrumentation is measured, and limited however expensive it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.cli.progress import PAINTINGS
from sfumato.runs import weights
from sfumato.runs.observers import CheckpointWriter, MomentWriter
from sfumato.runs.observers.metrics import STATS_OVERHEAD
from sfumato.training import Overhead, OverheadBudget
from sfumato.training.overhead import EVALUATION_SHARE
from sfumato.training.picture import problem
from tests.small import SMALL, picture


def test_the_shares_are_a_tenth_together() -> None:
    others = (STATS_OVERHEAD, MomentWriter.overhead, CheckpointWriter.overhead, PAINTINGS)
    assert pytest.approx(0.1) == EVALUATION_SHARE + sum(each.share for each in others)


def under_way(training: float, remaining: float = 0.0) -> OverheadBudget:
    budget = OverheadBudget()
    budget.under_way, budget.training, budget.remaining = True, training, remaining
    return budget


def test_an_evaluation_is_charged_with_the_files_written_at_it() -> None:
    budget = under_way(0.39 / EVALUATION_SHARE)
    budget.evaluation_accounts.append("frames")
    budget.expect("evaluation", 0.3)
    budget.expect("evaluation", 9.0)
    budget.expect("frames", 0.1)
    assert not budget.can_afford_evaluation()
    budget.training = 0.41 / EVALUATION_SHARE
    assert budget.can_afford_evaluation()
    budget.seconds["evaluation"] = 0.3
    assert not budget.can_afford_evaluation()


def test_an_account_stays_within_its_share() -> None:
    budget = under_way(100.0)
    budget.seconds["a"] = 0.6
    budget.expect("a", 0.5)
    assert not budget.can_afford(Overhead(0.01), "a")
    assert budget.can_afford(Overhead(0.012), "a")
    assert budget.can_afford(Overhead(0.01), "b")
    assert budget.can_afford(Overhead.unlimited(), "a")


def test_frontloaded_accounts_spend_early_but_no_more_at_the_end() -> None:
    budget = under_way(5.0, 95.0)
    budget.seconds["moments"] = 0.3
    assert not budget.can_afford(Overhead(0.04), "moments")
    assert budget.can_afford(Overhead(0.04, frontloaded=True), "moments")
    budget.seconds["moments"] = 0.41
    assert not budget.can_afford(Overhead(0.04, frontloaded=True), "moments")
    budget.seconds["moments"], budget.training, budget.remaining = 4.01, 100.0, 0.0
    assert not budget.can_afford(Overhead(0.04, frontloaded=True), "moments")


def test_the_time_before_the_first_step_is_counted_separately(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = OverheadBudget()
    with budget.measure("frames"):
        now += 1
    assert budget.seconds["frames"] == 0
    assert budget.facts()["share_of_training_time"] is None
    budget.under_way, budget.training = True, 10.0
    with budget.measure("frames"):
        now += 2
    assert budget.facts() == {"share_of_training_time": 0.2, "seconds": {"frames": 2}, "first_and_last_seconds": 1}


def test_nested_blocks_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    budget = under_way(10.0)
    with budget.measure("metrics"):
        now += 1
        with budget.measure("stats"):
            now += 5
        now += 2
    assert budget.facts()["seconds"] == {"metrics": 3, "stats": 5}


class Clock:
    """A clock of three times this thread's processor time, plus the time of simulated slow functions.

    The load of the machine does not change it.
    """

    def __init__(self) -> None:
        self.simulated = 0.0

    def __call__(self) -> float:
        return 3 * time.thread_time() + self.simulated

    def slowed(self, function: Any, seconds: float) -> Any:
        def slow(*arguments: Any, **options: Any) -> Any:
            self.simulated += seconds
            return function(*arguments, **options)

        return slow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace ``time.perf_counter`` by a `Clock`."""
    found = Clock()
    monkeypatch.setattr(time, "perf_counter", found)
    return found


DEFAULT = {**SMALL, "evaluation": {"interval": "auto"}, "budget": {"seconds": 2.5}}


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.01, 0.3])
def test_a_short_run_stays_within_the_share_however_expensive_an_evaluation_is(
    seconds: float, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem, "evaluate", clock.slowed(problem.evaluate, seconds))
    monkeypatch.setattr(weights, "save", clock.slowed(weights.save, seconds))
    times: list[float] = []
    run = sf.paint(picture(), runs=tmp_path, film="none", observers=[lambda _: times.append(clock())], **DEFAULT)
    overhead = json.loads((run.folder / "run.json").read_text())["overhead"]
    assert overhead["share_of_training_time"] <= 0.11
    assert ("moments" in overhead["seconds"]) == (seconds < 0.1)
    # All time between the steps is counted.
    counted = overhead["first_and_last_seconds"] + sum(overhead["seconds"].values())
    assert times[-1] - times[0] - run.metrics[-1]["seconds"] <= counted + 0.1


@pytest.mark.slow
def test_a_custom_observer_is_counted(tmp_path: Path, clock: Clock) -> None:
    recipe = {**DEFAULT, "budget": {"steps": 400}}
    observer = clock.slowed(lambda _: None, 0.2)
    run = sf.paint(picture(), runs=tmp_path, film="none", observers=[observer], **recipe)
    overhead = run.facts["overhead"]
    assert overhead["seconds"]["function"] >= 0.2
    assert overhead["share_of_training_time"] > 0.2


def test_a_failed_run_records_its_overhead(tmp_path: Path) -> None:
    def fail(snapshot: sf.Snapshot) -> None:
        if snapshot.step:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sf.paint(picture(), runs=tmp_path, film="none", observers=[fail], **SMALL)
    (folder,) = tmp_path.iterdir()
    assert sf.load_run(folder).facts["overhead"]["first_and_last_seconds"] > 0
