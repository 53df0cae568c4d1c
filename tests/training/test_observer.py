"""Observers are called in order, limited to their overhead, and finished whatever happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.training import Observers, OverheadBudget
from tests.small import SMALL, picture


class Recorder(sf.Observer[Any]):
    """Records all its calls."""

    def __init__(self, calls: list[str], name: str, overhead: sf.Overhead | None = None) -> None:
        self.calls, self.name = calls, name
        self.overhead = overhead or sf.Overhead.unlimited()

    def begin(self, start: sf.Start) -> None:
        self.calls.append(f"{self.name} begin")

    def observe(self, snapshot: Any) -> None:
        self.calls.append(f"{self.name} {snapshot.step}")

    def stage(self, name: str, done: int, total: int) -> None:
        self.calls.append(f"{self.name} {name} {done}/{total}")

    def finish(self, status: str) -> None:
        self.calls.append(f"{self.name} {status}")


class StepOnly:
    """A snapshot that has only a step."""

    def __init__(self, step: int) -> None:
        self.step = step


def observers_of(observers: list[Recorder], budget: OverheadBudget) -> Any:
    return Observers(observers, budget)


@pytest.mark.slow
def test_the_order_of_calls_of_a_run(tmp_path: Path) -> None:
    calls: list[str] = []
    observers = [Recorder(calls, "a"), Recorder(calls, "b")]
    run = sf.paint(picture(), runs=tmp_path, film="gif", observers=observers, **SMALL)
    assert calls[:4] == ["a begin", "b begin", "a 0", "b 0"]
    assert calls[-2:] == ["a done", "b done"]
    last_step = max(position for position, call in enumerate(calls) if call == f"b {run.metrics[-1]['step']}")
    stages = [position for position, call in enumerate(calls) if call.startswith("a film ")]
    # The film is rendered between the last snapshot and `finish`, and exists when `finish` is called.
    assert last_step < stages[0] < stages[-1] < len(calls) - 2


def test_an_expensive_observer_is_left_out_until_it_can_be_afforded_again() -> None:
    budget, calls = OverheadBudget(), list[str]()
    expensive, cheap = Recorder(calls, "expensive", sf.Overhead(0.01)), Recorder(calls, "cheap")
    observers = observers_of([expensive, cheap], budget)
    budget.under_way, budget.training = True, 1.0
    budget.seconds["expensive"] = 0.02
    observers.observe(StepOnly(1))
    budget.training = 10.0
    observers.observe(StepOnly(2))
    budget.training, budget.under_way = 1.0, False
    # The last snapshot is always observed.
    observers.observe(StepOnly(3))
    assert calls == ["cheap 1", "expensive 2", "cheap 2", "expensive 3", "cheap 3"]


def test_all_are_finished_even_if_one_fails() -> None:
    calls: list[str] = []

    class Fails(Recorder):
        def finish(self, status: str) -> None:
            super().finish(status)
            raise ZeroDivisionError

    observers = observers_of([Fails(calls, "a"), Recorder(calls, "b")], OverheadBudget())
    with pytest.raises(ZeroDivisionError):
        observers.finish("stopped")
    assert calls == ["a stopped", "b stopped"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["begin", "observe"])
def test_one_that_fails_leaves_a_failed_run_that_can_be_resumed(tmp_path: Path, method: str) -> None:
    calls: list[str] = []

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    failing = Recorder(calls, "a")
    setattr(failing, method, fail)
    with pytest.raises(ZeroDivisionError):
        sf.paint(picture(), runs=tmp_path, film="none", observers=[failing], **SMALL)
    assert calls[-1] == "a failed"
    (folder,) = tmp_path.iterdir()
    assert sf.load_run(folder).status == "failed"
    assert sf.resume(folder, film="none", observers=[Recorder(calls, "b")]).status == "done"
    assert calls[-1] == "b done"


def test_two_of_one_name_have_separate_accounts() -> None:
    budget, calls = OverheadBudget(), list[str]()
    observers = observers_of([Recorder(calls, "a"), Recorder(calls, "a")], budget)
    budget.under_way = True
    observers.observe(StepOnly(1))
    assert set(budget.seconds) == {"a", "a 2"}


def test_other_objects_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(sf.SfumatoError, match=r"observers must be objects of .*sfumato.Observer.* Got int"):
        sf.paint(picture(), runs=tmp_path / "runs", observers=[3], **SMALL)  # pyright: ignore[reportArgumentType]
    assert not (tmp_path / "runs").exists()
