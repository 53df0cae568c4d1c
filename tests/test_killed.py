"""Trainings that are killed with SIGKILL at random steps and resumed: bit-identical results.

That every engine and optimizer resumes from its checkpoint is tested in test_resume.py, without separate processes.

Each case is killed twice. To search for rare failures, kill more often:

    SFUMATO_KILLS=20 .venv/bin/pytest tests/test_killed.py -s

SFUMATO_DICE=7 draws other steps. A training reports when it reaches the chosen step, and is killed some milliseconds
later: within a step, between two steps, or while it writes a file.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sfumato as sf
from sfumato.runs import checkpoints, weights
from tests.small import picture

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

KILLS = int(os.environ.get("SFUMATO_KILLS", "2"))
DICE = os.environ.get("SFUMATO_DICE", "0")
MAX_DELAY = 0.03
"""Maximum seconds between the chosen step and the kill."""

SGD_2012 = {
    "training": {"batch": 1, "optimizer": "sgd(lr=0.1, fan_in_scaling=true)", "schedule": "constant"},
    "coordinates": {"range": "unit"},
    "model": {"depth": 2, "width": 24, "init": "gaussian(0.3)"},
    "budget": {"epochs": 30},
}
LARGE = {"model": {"depth": 3, "width": 120}, "budget": {"epochs": 30}}


def _autograd(optimizer: str) -> dict[str, Any]:
    return {
        "engine": "autograd",
        "training": {"optimizer": optimizer, "batch": 16},
        "data": {"split": 0.1},
        "model": {"depth": 2, "width": 24},
        "budget": {"epochs": 8},
    }


CASES: dict[str, dict[str, Any]] = {
    # The preset fast with another size and budget.
    "fused": {**LARGE, "engine": "fused", "threads": 2},
    "autograd-soap": _autograd("soap"),
    "online": {**SGD_2012, "engine": "online"},
}


def changes_of(case: str) -> dict[str, Any]:
    return {"threads": 1, "evaluation": {"interval": "epoch"}, **CASES[case]}


def train(case: str, runs: Path, step: int, sender: Connection) -> None:
    """Start the run in ``runs``, or resume it, and report when ``step`` is reached; called in a separate process."""
    from sfumato.runs.observers import MetricsWriter, checkpoints
    from sfumato.training import trainer

    # A short training must have many snapshots, each with a checkpoint.
    trainer.SECONDS_PER_SNAPSHOT = 0.01
    checkpoints.SECONDS_PER_CHECKPOINT = 0.03
    checkpoints.CheckpointWriter.overhead = sf.Overhead.unlimited()
    due = MetricsWriter.due
    pending = [step]

    def report_step(self: MetricsWriter, snapshot: sf.Snapshot) -> bool:
        # This is called before anything of the snapshot is written.
        if pending and snapshot.step >= pending[0]:
            pending.clear()
            sender.send(snapshot.step)
        return due(self, snapshot)

    MetricsWriter.due = report_step
    folders = list(runs.glob("*"))
    if folders:
        sf.resume(folders[0], film="none")
    else:
        sf.paint(picture(40, 30), runs=runs, film="none", **changes_of(case))


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Return a context whose processes are forked from one that has imported everything and computed nothing."""
    context = multiprocessing.get_context("forkserver")
    engines = [f"sfumato.training.engines.{name}" for name in ("autograd", "fused", "online", "replica", "concurrent")]
    context.set_forkserver_preload(["tests.test_killed", "sfumato.api", "matplotlib.figure", *engines])
    return context


def killed(case: str, runs: Path, step: int, delay: float, processes: ForkServerContext) -> bool:
    """Train, and kill the training ``delay`` seconds after the step; return False if it ended before."""
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=train, args=(case, runs, step, sender))
    process.start()
    sender.close()
    try:
        receiver.recv()
        time.sleep(delay)
        process.kill()
    except EOFError:
        pass
    finally:
        receiver.close()
        process.join()
    assert process.exitcode in (0, -9), process.exitcode
    return process.exitcode == -9


def last_weights(run: sf.Run) -> dict[str, np.ndarray]:
    return weights.load(run.moments()[-1])[0]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.slow
def test_a_training_killed_at_random_steps_resumes_bit_for_bit(
    case: str, tmp_path: Path, processes: ForkServerContext
) -> None:
    assert not killed(case, tmp_path / "whole", sys.maxsize, 0, processes)
    expected = sf.load_run(next((tmp_path / "whole").iterdir()))
    rng = random.Random(f"{DICE} {case}")
    last = expected.metrics[-1]["step"]
    kills, steps = list[bool](), list[int]()
    while not any(kills):
        # On a busy machine a training may end before it is killed; then another one is started.
        shutil.rmtree(tmp_path / "killed", ignore_errors=True)
        # The last tenth is left out, because so fast a training would end before the kill.
        steps = sorted(rng.randrange(last * 9 // 10) for _ in range(KILLS))
        kills = [killed(case, tmp_path / "killed", step, rng.uniform(0, MAX_DELAY), processes) for step in steps]
    (folder,) = (tmp_path / "killed").iterdir()
    if all(kills):
        assert sf.load_run(folder).status == "running"
        assert not killed(case, tmp_path / "killed", sys.maxsize, 0, processes)
    run = sf.load_run(folder)
    resumed = [each["step"] for each in run.facts["resumed"]]
    sys.stdout.write(f"{case}: {sum(kills)} kills at steps {steps} of {last}, resumed from {resumed}\n")
    assert run.status == "done"
    assert same(last_weights(run), last_weights(expected))
    one, other = (checkpoints.files(each.folder)[-1] for each in (run, expected))
    assert one.read_bytes() == other.read_bytes()
    assert [line["mse"] for line in run.metrics] == [line["mse"] for line in expected.metrics]
    assert len(list(folder.glob("frames/*.png"))) == len(run.metrics)
    assert not list(folder.rglob("*.partial"))


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
