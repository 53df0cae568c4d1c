"""Trainings killed with SIGKILL at random steps and resumed: the same bits as without, in every engine.

That every optimizer goes on from its checkpoint, test_resume.py shows, without a process.

Each case is killed twice. More, to look for what is rare:

    SFUMATO_KILLS=20 .venv/bin/pytest tests/test_killed.py -s

SFUMATO_DICE=7 throws the dice anew. A training tells when it comes to the step that the dice chose, and is killed some
milliseconds later, wherever it then is: in a step, between two, or while a file is written.
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
LATEST = 0.03
"""Seconds after the chosen step at which a training is killed at the latest."""

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
    # The preset fast, as it is but for size and budget.
    "fused": {**LARGE, "engine": "fused", "threads": 2},
    "concurrent": {**LARGE, "engine": "concurrent"},
    "autograd-soap": _autograd("soap"),
    "online": {**SGD_2012, "engine": "online"},
    "replica": {**SGD_2012, "engine": "replica"},
}


def changes_of(case: str) -> dict[str, Any]:
    return {"threads": 1, "evaluation": {"interval": "epoch"}, **CASES[case]}


def train(case: str, runs: Path, step: int, told: Connection) -> None:
    """In a process of its own: begin the run in ``runs`` or take it up, and tell when ``step`` has come."""
    from sfumato.runs.observers import MetricsWriter, checkpoints
    from sfumato.training import trainer

    # So that a short training has many snapshots, and at each a checkpoint.
    trainer.SECONDS_PER_SNAPSHOT = 0.01
    checkpoints.SECONDS_PER_CHECKPOINT = 0.03
    checkpoints.CheckpointWriter.overhead = sf.Overhead.unlimited()
    due = MetricsWriter.due
    waiting = [step]

    def asked(self: MetricsWriter, snapshot: sf.Snapshot) -> bool:
        # Before anything of the snapshot is written.
        if waiting and snapshot.step >= waiting[0]:
            waiting.clear()
            told.send(snapshot.step)
        return due(self, snapshot)

    MetricsWriter.due = asked
    folders = list(runs.glob("*"))
    if folders:
        sf.resume(folders[0], film="none")
    else:
        sf.paint(picture(40, 30), runs=runs, film="none", **changes_of(case))


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that are forked from one which has imported everything and computed nothing."""
    context = multiprocessing.get_context("forkserver")
    engines = [f"sfumato.training.engines.{name}" for name in ("autograd", "fused", "online", "replica", "concurrent")]
    # PyTorch's optimizers import the last when the first of them is made.
    context.set_forkserver_preload(["tests.test_killed", "sfumato.api", "matplotlib.figure", *engines, "torch._dynamo"])
    return context


def killed(case: str, runs: Path, step: int, patience: float, processes: ForkServerContext) -> bool:
    """Whether the training was killed ``patience`` seconds after this step; False where it came to its end before."""
    hear, told = processes.Pipe(duplex=False)
    process = processes.Process(target=train, args=(case, runs, step, told))
    process.start()
    told.close()
    try:
        hear.recv()
        time.sleep(patience)
        process.kill()
    except EOFError:
        pass
    finally:
        hear.close()
        process.join()
    assert process.exitcode in (0, -9), process.exitcode
    return process.exitcode == -9


def last_weights(run: sf.Run) -> dict[str, np.ndarray]:
    return weights.load(run.moments()[-1])[0]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.slow
def test_killed_at_random_steps_it_goes_on_to_the_same_bits(
    case: str, tmp_path: Path, processes: ForkServerContext
) -> None:
    assert not killed(case, tmp_path / "whole", sys.maxsize, 0, processes)
    expected = sf.load_run(next((tmp_path / "whole").iterdir()))
    dice = random.Random(f"{DICE} {case}")
    last = expected.metrics[-1]["step"]
    kills, steps = list[bool](), list[int]()
    while not any(kills):
        # On a busy machine a training may be over before who kills it has its turn: then another is begun.
        shutil.rmtree(tmp_path / "parts", ignore_errors=True)
        # Not in its last tenth: so fast a training would be over before the kill.
        steps = sorted(dice.randrange(last * 9 // 10) for _ in range(KILLS))
        kills = [killed(case, tmp_path / "parts", step, dice.uniform(0, LATEST), processes) for step in steps]
    (folder,) = (tmp_path / "parts").iterdir()
    if all(kills):
        assert sf.load_run(folder).status == "running"
        assert not killed(case, tmp_path / "parts", sys.maxsize, 0, processes)
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
