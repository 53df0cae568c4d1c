"""Run folders written by hand, which is faster than training, and allows any damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import Recipe, changed, to_string, values
from sfumato.runs import layout
from tests.small import trainer

Watch = Callable[[bool, Any], object]

RESOLVED = {"engine": "autograd", "threads": 2, "dtype": "float32", "device": "cpu"}


def run(runs: Path, name: str, *, facts: dict[str, Any] | None = None, **changes: Any) -> Path:
    """Make a folder with a run.json of the default recipe with ``changes``, updated by ``facts``."""
    folder = runs / name
    folder.mkdir(parents=True)
    recipe = changed(Recipe(), {**RESOLVED, **changes})
    content = {
        "layout": layout.VERSION,
        "id": "0123abcd",
        "status": "done",
        "ended": "seconds",
        "recipe": values(recipe),
        "recipe_string": to_string(recipe),
        "picture": {"source": recipe.picture.source, "height": 9, "width": 7, "channels": 3, "sha256": "0"},
        "provenance": {"sfumato": "0.1.0", "torch": "2.13.0", "python": "3.11.7", "cpu": "A processor", "cores": 2},
        "started": "2026-01-02T03:04:05+0000",
        "finished": "2026-01-02T03:04:10+0000",
        "result": {"psnr": 21.5, "seconds": 5.25, "epoch": 3.0, "step": 1234},
        "resumed": [],
        "findings": [],
        **(facts or {}),
    }
    (folder / "run.json").write_text(json.dumps(content))
    return folder


def write(folder: Path, recipe: Recipe, target: NDArray[np.float32], watch: Watch = lambda *_: None) -> None:
    """Train, and write the run's folder.

    ``watch`` is called with (False, snapshot) before each snapshot is written, and with (True, snapshot) after.
    """
    from sfumato.runs.observers import RunRecord, writers
    from sfumato.training import Observers, Start

    training = trainer(recipe, target)
    record = RunRecord(folder, recipe, "0123abcd", target)
    observers = Observers(writers(record), training.overhead)
    observers.begin(Start(recipe, training.problem, folder))
    for snapshot in training.snapshots():
        watch(False, snapshot)
        observers.observe(snapshot)
        watch(True, snapshot)
    observers.finish("done")
