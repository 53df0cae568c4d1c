"""The worker's requests, carried out in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sfumato as sf
from sfumato import images
from sfumato.recipe import Recipe, changed, values
from sfumato.runs import entry, queued
from sfumato.studio.training import worker
from tests.small import SMALL

pytestmark = pytest.mark.slow


def test_a_run_is_trained_after_the_parent_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # This process has a high peak memory from other tests.
    monkeypatch.setattr(worker, "peak_memory", lambda: 0)
    recipe = changed(
        Recipe(),
        {
            "picture": {"source": "cat", "max_side": 8},
            "model": {"depth": 1, "width": 8},
            "budget": {"steps": 5},
            "evaluation": {"interval": "end"},
            "threads": 1,
        },
    )
    folder = queued.enqueue(tmp_path / "runs", recipe)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as answers:
        # The worker can take another run.
        assert worker._serve({"do": "resume", "folder": str(folder)}, answers)
    assert entry.read(folder).state == "done"


def test_a_stored_picture_is_checked_with_its_transfer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sf.paint({"source": "cat", "max_side": 12, "transfer": "linear"}, runs=tmp_path, film="none", **SMALL)
    loaded: list[NDArray[np.float32]] = []
    load = images.load

    def watched(*arguments: Any) -> NDArray[np.float32]:
        loaded.append(load(*arguments))
        return loaded[-1]

    monkeypatch.setattr(images, "load", watched)
    recipe = values(run.recipe)
    for stored in (None, str(run.folder)):
        worker._check({"do": "check", "recipe": recipe, "bytes": None, "stored": stored})
    assert np.array_equal(loaded[0], run.picture)
    assert np.array_equal(loaded[1], run.picture)
