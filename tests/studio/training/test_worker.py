"""The process that trains runs: what it does with an order, in this process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sfumato.recipe import Recipe, changed
from sfumato.runs import entry, queued
from sfumato.studio.training import worker

pytestmark = pytest.mark.slow


def test_a_run_is_trained_though_who_asked_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of this process, which has run other tests before.
    monkeypatch.setattr(worker, "peak_memory", lambda: 0)
    recipe = changed(
        Recipe(),
        {
            "picture": {"source": "cat", "max_side": 8},
            "model": {"depth": 1, "width": 8},
            "budget": {"steps": 5},
            "evaluation": {"every": "end"},
            "threads": 1,
        },
    )
    folder = queued.enqueue(tmp_path / "runs", recipe)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as answers:
        # And it is there for whoever asks next.
        assert worker._serve({"do": "resume", "folder": str(folder)}, answers)
    assert entry.read(folder).state == "done"
