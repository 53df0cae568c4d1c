"""Run folders written by hand: quicker than training, and as damaged as a test wants them."""

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

See = Callable[[bool, Any], object]

AS_RESOLVED = {"engine": "autograd", "threads": 2, "dtype": "float32", "device": "cpu"}


def run(runs: Path, name: str, *, facts: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A folder whose run.json is of the default recipe with ``changes``, and ``facts`` in place of its own."""
    folder = runs / name
    folder.mkdir(parents=True)
    recipe = changed(Recipe(), {**AS_RESOLVED, **changes})
    whole = {
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
    (folder / "run.json").write_text(json.dumps(whole))
    return folder


def write(folder: Path, recipe: Recipe, target: NDArray[np.float32], see: See = lambda *_: None) -> None:
    """A training whose folder is written. ``see(False, snapshot)`` comes before each snapshot is, True after."""
    from sfumato.runs.observers import RunRecord, writers
    from sfumato.training import Observers, Start

    training = trainer(recipe, target)
    record = RunRecord(folder, recipe, "0123abcd", target)
    files = Observers(writers(record), training.overhead)
    files.begin(Start(recipe, training.problem, folder))
    for snapshot in training.snapshots():
        see(False, snapshot)
        files.observe(snapshot)
        see(True, snapshot)
    files.finish("done")
