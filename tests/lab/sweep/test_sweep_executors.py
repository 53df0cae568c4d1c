"""Sweeps on executors: pruning through a shared folder, and executors that cannot prune."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.errors import RecipeError, RunError
from sfumato.lab.executors.folder import executor as drivers
from sfumato.lab.executors.folder.exchange import REPORTS, Exchange
from sfumato.lab.executors.threads import Threads
from sfumato.lab.trial import Outcome, Trial
from tests.lab.executors.folder.test_shared_folder import files, worker_thread
from tests.patience import eventually
from tests.small import picture

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "model": {"depth": 1, "width": 8},
    "training": {"batch": 8, "optimizer": "adam(lr=0.01)"},
    "budget": {"epochs": 30},
}


def wait_until_points_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trainings, which may be as short as the pause between two looks of the driver, wait for these looks."""
    report, reports, read = Exchange.report, Exchange.reports, dict[str, int]()

    def report_and_wait(self: Exchange, name: str, point: Any) -> bool:
        report(self, name, point)
        wanted = (self.path / REPORTS / name).stat().st_size
        eventually(lambda: read.get(name, 0) >= wanted, "the driver has not read the point")
        return (self.path / REPORTS / f"{name}.end").exists()

    def reports_noted(self: Exchange, name: str, after: int) -> Any:
        # What was read before is judged by now: its trial is marked to end, if it is to end.
        read[name] = after
        return reports(self, name, after)

    monkeypatch.setattr(drivers, "POLL_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(Exchange, "report", report_and_wait)
    monkeypatch.setattr(Exchange, "reports", reports_noted)


def test_a_sweep_through_a_shared_folder_prunes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test it with learning rates most of which are far worse than the first ones."""
    wait_until_points_are_read(monkeypatch)
    space = {"training.optimizer": "adam(lr=1e-7..1e-1:log)"}
    shared = tmp_path / "shared"
    with worker_thread(shared):
        found = sf.sweep(
            space, picture(24, 24), trials=8, sampler="sobol", pruner="halving", out=tmp_path / "s",
            executor=sf.FolderExecutor(shared, workers=2), **SMALL,
        )  # fmt: skip
    pruned = [each for each in found.configurations if each.pruned]
    assert len(found.configurations) == 8
    assert 1 <= len(pruned) < 8
    assert all(each.results["seconds"] < found.best()[0].results["seconds"] * 10 for each in pruned)
    assert files(shared) == set()


def test_an_executor_that_does_not_report_is_refused_with_a_pruner(tmp_path: Path) -> None:
    def mine(trials: Iterable[Trial], learned: Any, stop: Any) -> Iterator[Outcome]:
        yield from Threads(1)(trials, learned, stop)

    how: dict[str, Any] = {"trials": 3, "out": tmp_path / "s", "executor": mine, **SMALL}
    with pytest.raises(RecipeError, match="pruner must be none for an executor without the parameter report"):
        sf.sweep({"model.width": "4..9"}, picture(8, 9), pruner="median", **how)
    assert len(sf.sweep({"model.width": "4..9"}, picture(8, 9), **how).configurations) == 3


def test_an_executor_that_drops_trials_is_named(tmp_path: Path) -> None:
    def mine(trials: Iterable[Trial], learned: Any, stop: Any) -> Iterator[Outcome]:
        yield from Threads(1)((trial for trial in trials if trial.key.arm != "1"), learned, stop)

    how: dict[str, Any] = {"trials": 3, "out": tmp_path / "s", **SMALL}
    with pytest.raises(
        RunError, match="the executor mine must yield an outcome for each trial. Got none for those of 1"
    ):
        sf.sweep({"model.width": "4..9"}, picture(8, 9), executor=mine, **how)
    # The one that was dropped is trained now.
    assert len(sf.sweep({"model.width": "4..9"}, picture(8, 9), **how).configurations) == 3


def test_trials_are_asked_for_when_they_can_be_trained(tmp_path: Path) -> None:
    """Test it: a sampler that learns would not learn from trainings that come after all were asked for."""
    asked: list[str] = []
    ended: list[str] = []

    def mine(trials: Iterable[Trial], learned: Any, stop: Any) -> Iterator[Outcome]:
        def noted() -> Iterator[Trial]:
            for trial in trials:
                asked.append(trial.key.arm)
                yield trial

        for outcome in Threads(2)(noted(), learned, stop):
            assert len(asked) <= len(ended) + 2
            ended.append(outcome.key.arm)
            yield outcome

    sf.sweep({"model.width": "4..9"}, picture(8, 9), trials=6, out=tmp_path / "s", executor=mine, **SMALL)
    assert sorted(ended) == sorted(asked) == [str(number) for number in range(6)]
