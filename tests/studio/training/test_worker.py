"""The process that trains one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfumato.recipe import Recipe, changed, values
from sfumato.runs import entry
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
    worker = Child("sfumato.studio.training.worker", tmp_path / "log")
    assert worker.process.stdin is not None
    worker.process.stdin.write(
        json.dumps({"do": "paint", "recipe": values(recipe), "runs": str(tmp_path / "runs")}).encode() + b"\n"
    )
    worker.process.stdin.flush()
    worker.close()
    worker.process.wait(300)
    (folder,) = (each for each in (tmp_path / "runs").iterdir() if not each.name.startswith("."))
    assert entry.read(folder).state == "done"
    assert worker.process.returncode == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
