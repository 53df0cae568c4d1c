"""Subprocesses that train: they never import the program that started them, and failed trials can be trained again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest

from sfumato.errors import RunError
from sfumato.lab.digits.data import Digits, Part
from sfumato.lab.executors import processes, select, worker
from sfumato.lab.executors.executor import Executor
from sfumato.lab.executors.processes import TrainingProcess
from sfumato.lab.experiment import run_plan, trials
from sfumato.lab.train import target_of
from sfumato.lab.trial import Outcome, Trial, failed, identity
from tests.lab.small_plan import small_plan, target

SCRIPT = """
import torch
import sfumato as sf

print("started")

class Here(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 3)
    def forward(self, coordinates):
        return self.layer(coordinates)

for module in ("net:Net", "__main__:Here"):
    found = sf.compare(
        {"a": {}, "b": {"model": {"module": module}}}, {"source": "cat", "max_side": 8}, seeds=2, tune=False,
        model={"depth": 1, "width": 4}, training={"optimizer": "adam", "batch": 16}, budget={"epochs": 1}, workers=1,
        out=module[-3:],
    )
    print([len(found.scores(arm)) for arm in found.plan.arms])
"""

NETWORK = """
import torch

print("imported")

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 3)
    def forward(self, coordinates):
        return self.layer(coordinates)
"""


@pytest.mark.slow
def test_a_script_needs_no_guard_of_its_main_module(tmp_path: Path) -> None:
    """Test it where a subprocess imports the network, and where none could: it is a class of the script itself."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "net.py").write_text(NETWORK)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "started"
    assert done.stdout.count("[2, 2]\n") == 2
    assert done.stdout.count("started") == 1


def test_the_executor_depends_on_engines_and_modules() -> None:
    for changes, name in (
        ({"model": {"width": 24}}, "threads"),
        ({"training": {"optimizer": "rprop"}}, "processes"),
        ({"model": {"module": "__main__:Net"}}, "here"),
    ):
        plan = small_plan({}, changes)
        assert select.local_name([arm.recipe for arm in plan.arms]) == name


def test_a_process_that_cannot_start_is_an_error_and_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "__name__", "sfumato.no_such_module")
    plan = small_plan({}, {"training": {"optimizer": "rprop"}}, seeds=2)
    with pytest.raises(RunError, match="could not be started: its process died with exit status 1"):
        run_plan(plan, target(), tmp_path / "e", workers=1)
    assert not (tmp_path / "e" / "trials.jsonl").exists()


NOTHING = Part(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
DIGITS = Digits("none", NOTHING, NOTHING)
"""A target that is the same for all trials."""


class Recorded:
    """A stand-in for a subprocess."""

    all: ClassVar[list[Recorded]] = []

    def __init__(self) -> None:
        self.ended = False
        self.all.append(self)

    def wait_until_ready(self) -> None: ...

    def train(self, trial: Any, target: Any, report: Any) -> Any:
        assert not self.ended
        return trial

    def end(self) -> None:
        self.ended = True


@pytest.mark.parametrize("persistent", [False, True])
def test_processes_end_with_their_call_or_with_their_block(persistent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "TrainingProcess", Recorded)
    monkeypatch.setattr(Recorded, "all", [])
    executor, trials = processes.Processes(2), cast("list[Trial]", list(range(5)))
    with executor if persistent else nullcontext():
        for _ in range(2):
            found = executor(trials, DIGITS, lambda: False)
            assert sorted(cast("Iterator[int]", found)) == trials
            assert {each.ended for each in Recorded.all} == {not persistent}
        # Each call outside of a ``with`` block starts its own processes.
        count = len(Recorded.all)
        assert count <= 2 if persistent else 2 <= count <= 4
        # A caller that abandons the outcomes leaves no process running.
        found = executor(trials, DIGITS, lambda: False)
        next(found)
        cast("Generator[Outcome]", found).close()
        assert all(each.ended for each in Recorded.all)
    assert all(each.ended for each in Recorded.all)


def outcomes(broken: set[str]) -> Executor:
    """Return an executor that trains nothing; trials of the named arms fail."""

    def executor(trials: Iterable[Trial], learned: Any, stop: Any) -> Iterator[Outcome]:
        for trial in trials:
            key = trial.key
            if key.arm in broken:
                yield failed(key, "MemoryError: no room")
            else:
                row = {**identity(key), "status": "finished", "psnr": 20.0 + key.seed % 7}
                yield Outcome(key, row, {}, (), None)

    return executor


@pytest.mark.slow
@pytest.mark.parametrize("tune", [True, False])
def test_failed_trials_are_trained_again_on_request(tune: bool, tmp_path: Path) -> None:
    plan = small_plan({}, {"model": {"width": 9}}, seeds=2, tune=tune)
    found = run_plan(plan, target(), tmp_path / "e", executor=outcomes({"b"}))
    assert found.scores(plan.arms[1]) == {}
    assert {line["executor"] for line in found.folder.machines()} == {"executor"}
    # Not without the request: the cause of the failure may still be there.
    again = run_plan(plan, target(), tmp_path / "e", executor=outcomes(set()))
    assert again.scores(plan.arms[1]) == {}
    mended = run_plan(plan, target(), tmp_path / "e", executor=outcomes(set()), retry=True)
    assert mended.scores(plan.arms[1]) == mended.scores(plan.arms[0])
    assert run_plan(plan, target(), tmp_path / "e", executor=outcomes({"a", "b"})).scores(plan.arms[1])


@pytest.mark.slow
def test_the_reason_is_raised_if_every_trial_fails(tmp_path: Path) -> None:
    plan = small_plan({}, {"model": {"width": 9}}, seeds=2, tune=True)
    message = r"every trial failed, 18 of 18: MemoryError: no room. Fix that, then train them again \(--retry"
    for _ in range(2):
        with pytest.raises(RunError, match=message):
            run_plan(plan, target(), tmp_path / "e", executor=outcomes({"a", "b"}))
    assert run_plan(plan, target(), tmp_path / "e", executor=outcomes(set()), retry=True).scores(plan.arms[0])


def test_a_subprocess_that_was_ended_is_at_its_end_for_whoever_trains_with_it() -> None:
    plan = small_plan({}, {"model": {"width": 9}})
    (trial, *_) = trials(plan, {})
    process = TrainingProcess()
    process.wait_until_ready()
    process.end()
    with pytest.raises(EOFError):
        process.train(trial, target_of(trial, target()))
