"""What looking costs is counted, and kept to its share however dear it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.runs import weights
from sfumato.training import Looking, loop
from sfumato.training.looking import CHECKPOINTS, EVALUATIONS, FIGURES, MOMENTS, WATCHING
from tests.small import SMALL, picture


def test_the_shares_are_a_tenth_together() -> None:
    assert pytest.approx(0.1) == EVALUATIONS + FIGURES + MOMENTS + CHECKPOINTS + WATCHING


def test_what_is_affordable() -> None:
    looking = Looking()
    looking.between = True
    looking.expect("evaluation", 0.3)
    looking.expect("evaluation", 9.0)
    looking.expect("frame", 0.1)
    looking.training = 7.9
    assert not looking.affords(0.05, "evaluation", "frame")
    looking.training = 8.1
    assert looking.affords(0.05, "evaluation", "frame")
    looking.seconds["evaluation"] = 0.3
    assert not looking.affords(0.05, "evaluation", "frame")


def test_early_looks_spend_ahead_but_no_more_in_the_end() -> None:
    looking = Looking()
    looking.between = True
    looking.seconds["moment"] = 0.3
    looking.training, looking.ahead = 5.0, 95.0
    assert not looking.affords(0.04, "moment")
    assert looking.affords_early(0.04, "moment")
    looking.seconds["moment"] = 0.41
    assert not looking.affords_early(0.04, "moment")
    looking.seconds["moment"], looking.training, looking.ahead = 4.01, 100.0, 0.0
    assert not looking.affords_early(0.04, "moment")


def test_first_and_last_are_counted_apart() -> None:
    looking = Looking()
    with looking.at("frame"):
        time.sleep(0.01)
    assert looking.seconds["frame"] == 0
    assert looking.facts()["share_of_training_time"] is None
    looking.between, looking.training = True, 1.0
    with looking.at("frame"):
        time.sleep(0.02)
    facts = looking.facts()
    assert facts["first_and_last_seconds"] >= 0.01
    assert facts["frame_seconds"] >= 0.02
    assert facts["share_of_training_time"] == facts["frame_seconds"]


class Clock:
    """Goes three times as fast as this thread works, and on by what something slow would take.

    What else a busy machine does takes no time by it.
    """

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> float:
        return 3 * time.thread_time() + self.slept

    def slowed(self, function: Any, seconds: float) -> Any:
        def slow(*arguments: Any, **options: Any) -> Any:
            self.slept += seconds
            return function(*arguments, **options)

        return slow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """In the place of the real one."""
    found = Clock()
    monkeypatch.setattr(time, "perf_counter", found)
    return found


DEFAULT = {**SMALL, "evaluation": {"every": "auto"}, "budget": {"seconds": 2.5}}


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.01, 0.3])
def test_a_short_run_keeps_to_the_share_however_dear_a_look_is(
    seconds: float, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "evaluate", clock.slowed(loop.evaluate, seconds))
    monkeypatch.setattr(weights, "save", clock.slowed(weights.save, seconds))
    seen: list[float] = []
    run = sf.paint(picture(), runs=tmp_path, film="none", watch=lambda _: seen.append(clock()), **DEFAULT)
    looking = json.loads((run.folder / "run.json").read_text())["looking"]
    assert looking["share_of_training_time"] <= 0.11
    assert (looking["moment_seconds"] > 0) == (seconds < 0.1)
    # Nothing between the steps is left uncounted.
    counted = sum(value for name, value in looking.items() if name.endswith("_seconds"))
    assert seen[-1] - seen[0] - run.metrics[-1]["seconds"] <= counted + 0.1


@pytest.mark.slow
def test_what_a_caller_watches_is_counted(tmp_path: Path, clock: Clock) -> None:
    recipe = {**DEFAULT, "budget": {"steps": 400}}
    watch = clock.slowed(lambda _: None, 0.2)
    run = sf.paint(picture(), runs=tmp_path, film="none", watch=watch, **recipe)
    looking = run.facts["looking"]
    assert looking["watching_seconds"] >= 0.2
    assert looking["share_of_training_time"] > 0.2


def test_a_failed_run_tells_too(tmp_path: Path) -> None:
    def fail(snapshot: sf.Snapshot) -> None:
        if snapshot.step:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sf.paint(picture(), runs=tmp_path, film="none", watch=fail, **SMALL)
    (folder,) = tmp_path.iterdir()
    assert sf.load_run(folder).facts["looking"]["first_and_last_seconds"] > 0
