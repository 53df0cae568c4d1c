"""Threads and processes of this machine, and the choice between executors by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.errors import RecipeError, RunError
from sfumato.lab.executors import select
from sfumato.lab.executors.executor import Stop
from sfumato.lab.executors.processes import Processes
from sfumato.lab.executors.threads import Threads
from sfumato.lab.experiment import run_plan
from sfumato.lab.train import Learned
from sfumato.lab.trial import Outcome, Trial
from tests.lab.executors import contract
from tests.lab.small_plan import small_plan, target

OWN = """
from sfumato.lab.executors.threads import Threads

class Mine(Threads):
    def __init__(self):
        super().__init__(1)
        self.name = "mine"

def function(trials, learned, stop):
    yield from Threads(1)(trials, learned, stop)

broken = 1 / 1
"""


@pytest.mark.slow
@pytest.mark.parametrize("executor", [Threads(2), Processes(1)], ids=["threads", "processes"])
def test_the_contract(executor: Threads | Processes) -> None:
    # One subprocess, which is kept: each takes seconds to import everything. Tests of experiments have several.
    with executor if isinstance(executor, Processes) else nullcontext():
        contract.check_numbers(executor)
        contract.check_reports(executor)
        contract.check_takes_as_it_trains(executor, ahead=1 if isinstance(executor, Processes) else 2)


def test_a_pruned_training_ends_at_that_mark() -> None:
    (pruned,) = Threads(1)(contract.TRIALS[:1], target(), lambda: False, lambda _key, _point, passed: passed == 2)
    assert pruned.row["status"] == "pruned"
    assert len(pruned.row["curve"]) == 2
    assert pruned.weights == {}


def test_an_executor_of_one_s_own_is_named_by_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_executor.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    plan = small_plan({}, {"model": {"width": 9}}, seeds=2)
    wanted = run_plan(plan, target(), tmp_path / "here", workers=1)
    for number, name in enumerate(("own_executor:Mine", "own_executor:function")):
        found = run_plan(plan, target(), tmp_path / f"own-{number}", executor=name)
        assert found.scores(plan.arms[0]) == wanted.scores(plan.arms[0])
        assert found.folder.machines()[-1]["executor"] == name.partition(":")[2].lower()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "executor must be local, ray, ray:HOST:PORT, folder:DIR, or module:Class of your own. Got ''."),
        ("folder:", "executor must be local, .* Got 'folder:'"),
        ("no_such_module:Class", "Got 'no_such_module:Class', and ModuleNotFoundError"),
        ("own_executor:Absent", "and AttributeError"),
        ("own_executor:broken", "Got 'own_executor:broken', which cannot be called with trials"),
    ],
)
def test_other_names_are_refused(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_executor.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match=message):
        select.check(name, [])
    with pytest.raises(RecipeError, match=message) as caught:
        select.opened(name, list, 1)
    assert "\n" not in str(caught.value)


def test_an_executor_that_yields_nothing_is_an_error_and_not_called_for_ever(tmp_path: Path) -> None:
    calls: list[int] = []

    def forgetful(trials: Iterable[Trial], _learned: Learned, _stop: Stop) -> Iterator[Outcome]:
        calls.append(len(list(trials)))
        assert len(calls) == 1
        yield from ()

    plan = small_plan({}, {"model": {"width": 9}})
    with pytest.raises(RunError, match="executor forgetful must yield an outcome for each trial. Got none for 4 of"):
        run_plan(plan, target(), tmp_path / "e", executor=forgetful)


@pytest.mark.parametrize("name", ["ray", "folder:somewhere"])
def test_a_network_of_a_script_trains_nowhere_else(name: str, tmp_path: Path) -> None:
    plan = small_plan({}, {"model": {"module": "__main__:Net"}})
    with pytest.raises(RecipeError, match="executor must be local for __main__:Net, a class of a script"):
        run_plan(plan, target(), tmp_path / "e", executor=name)


@pytest.mark.parametrize("name", ["nothing", "ray:127.0.0.1:1", "ray:nowhere", "folder:own_executor.py"])
def test_nothing_is_written_if_the_executor_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_executor.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    with pytest.raises((RecipeError, RunError), match="must be") as caught:
        run_plan(small_plan({}, {"model": {"width": 9}}), target(), tmp_path / "e", executor=name)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "e").exists()


def test_an_executor_that_returns_nothing_is_named(tmp_path: Path) -> None:
    def mine(trials: Iterable[Trial], learned: Any, stop: Any) -> Any:
        return None

    plan = small_plan({}, {"model": {"width": 9}})
    for run in (
        lambda: run_plan(plan, target(), tmp_path / "e", executor=mine),
        lambda: sf.sweep({"model.width": "4..9"}, target()[0], trials=1, out=tmp_path / "s", executor=mine),
    ):
        with pytest.raises(RunError, match="the executor mine must yield outcomes, as .* Got NoneType; write a gen"):
            run()


def test_a_class_is_not_made_to_check_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_costly.py").write_text("class Costly:\n    def __init__(self):\n        raise ValueError('now')\n")
    monkeypatch.chdir(tmp_path)
    select.check("own_costly:Costly", [])
    with pytest.raises(RecipeError, match="and ValueError: now"):
        select.opened("own_costly:Costly", list, 1)


def test_an_executor_that_yields_something_else_is_named(tmp_path: Path) -> None:
    def mine(trials: Iterable[Trial], learned: Any, stop: Any) -> Iterator[Any]:
        yield from (trial.key for trial in trials)

    plan = small_plan({}, {"model": {"width": 9}})
    with pytest.raises(RunError, match=r"the executor mine must yield outcomes, as train\(...\) returns. Got Key."):
        run_plan(plan, target(), tmp_path / "e", executor=mine)
