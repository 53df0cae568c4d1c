"""Which arms wait is written down, and whoever looks lets the next one go."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from filelock import FileLock

from sfumato.runs import requests
from sfumato.studio.training.children import Children
from sfumato.studio.training.races import Races
from tests.runs import made

ARMS = ["a", "b", "c", "d"]


class Arms:
    """Run folders that are held as if they trained."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._held = {name: ExitStack() for name in ARMS}
        for name, held in self._held.items():
            folder = made.run(runs, name, facts={"status": "running", "result": None})
            held.enter_context(FileLock(folder / "lock"))

    def end(self, name: str) -> None:
        self._held[name].close()

    def end_all(self) -> None:
        for name in ARMS:
            self.end(name)

    def waiting(self) -> list[str]:
        return [name for name in ARMS if requests.asked(self.runs / name) == "pause"]


@pytest.fixture
def arms(runs: Path) -> Iterator[Arms]:
    """Four, the last two of which wait."""
    found = Arms(runs)
    for name in ("c", "d"):
        requests.ask(runs / name, "pause")
    record(runs).parent.mkdir(parents=True)
    record(runs).write_text(json.dumps({"arms": ARMS, "waiting": ["c", "d"], "at_once": 2}))
    yield found
    found.end_all()


def record(runs: Path) -> Path:
    return runs / ".studio" / "races" / "one.json"


def look(runs: Path) -> None:
    """As a studio does that has just begun."""
    Races(Children(runs)).go_on()


def test_the_next_goes_when_one_has_ended(runs: Path, arms: Arms) -> None:
    look(runs)
    assert arms.waiting() == ["c", "d"]
    arms.end("b")
    look(runs)
    look(runs)
    assert arms.waiting() == ["d"]
    assert json.loads(record(runs).read_text())["waiting"] == ["d"]
    arms.end("c")
    look(runs)
    assert arms.waiting() == []
    assert not record(runs).exists()


def test_what_a_person_pauses_stays_paused(runs: Path, arms: Arms) -> None:
    requests.ask(runs / "a", "pause")
    look(runs)
    # It has kept its core, and waits for nobody but the person.
    assert arms.waiting() == ["a", "c", "d"]
    arms.end("b")
    look(runs)
    assert arms.waiting() == ["a", "d"]


def test_what_a_person_lets_go_takes_a_core(runs: Path, arms: Arms) -> None:
    requests.ask(runs / "c", "resume")
    look(runs)
    arms.end("a")
    look(runs)
    assert arms.waiting() == ["d"]
    arms.end("b")
    look(runs)
    assert arms.waiting() == []


def test_nothing_is_kept_of_arms_that_are_gone(runs: Path, arms: Arms) -> None:
    arms.end_all()
    look(runs)
    assert not record(runs).exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 10_000,
        json.dumps({"arms": ARMS, "waiting": ["c"], "at_once": 0}),
        json.dumps({"arms": ARMS, "waiting": "c", "at_once": 9}),
        json.dumps({"arms": ["../elsewhere"], "waiting": ["../elsewhere"], "at_once": 1}),
    ],
)
def test_a_wrong_record_lets_nothing_go(runs: Path, arms: Arms, text: str) -> None:
    record(runs).write_text(text)
    elsewhere = made.run(runs.parent, "elsewhere")
    with FileLock(elsewhere / "lock"):
        requests.ask(elsewhere, "pause")
        look(runs)
        assert requests.asked(elsewhere) == "pause"
    assert arms.waiting() == ["c", "d"]


def test_a_pipe_for_a_record_holds_nothing_up(runs: Path, arms: Arms) -> None:
    record(runs).unlink()
    os.mkfifo(record(runs))
    look(runs)
    assert arms.waiting() == ["c", "d"]
