"""The process that trains runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfumato.recipe import Recipe, changed
from sfumato.runs import entry, queued
from sfumato.studio.child import Child

pytestmark = pytest.mark.slow


def test_a_run_is_trained_though_who_asked_has_gone(tmp_path: Path) -> None:
    recipe = changed(
        Recipe(),
        {
            "picture": {"source": "cat", "max_side": 16},
            "model": {"depth": 1, "width": 8},
            "budget": {"steps": 20},
            "threads": 1,
        },
    )
    folder = queued.enqueue(tmp_path / "runs", recipe)
    worker = Child("sfumato.studio.training.worker", tmp_path / "log")
    assert worker.process.stdin is not None
    worker.process.stdin.write(json.dumps({"do": "resume", "folder": str(folder)}).encode() + b"\n")
    worker.process.stdin.flush()
    worker.close()
    worker.process.wait(300)
    assert entry.read(folder).state == "done"
    assert worker.process.returncode == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
