"""``python -m tests.recipe.peaks``: peak memory of tasks on recipes, measured in a separate process.

Reads a JSON list of ``{task, side, changes}`` and prints one line of bytes per task: the peak beyond the memory before.
"""

from __future__ import annotations

import ctypes
import gc
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from sfumato import api
from sfumato.recipe import Recipe, changed
from sfumato.render import zoom
from sfumato.runs import load_run


def main() -> None:
    """Measure every task."""
    for each in json.load(sys.stdin):
        sys.stdout.write(f"{measured(each['task'], each['side'], each['changes'])}\n")
        sys.stdout.flush()


def measured(task: str, side: int, changes: dict[str, Any]) -> int:
    """Return the peak memory of a task in bytes."""
    small = {**changes, "model": {**changes.get("model", {}), "width": 16}}
    with tempfile.TemporaryDirectory() as folder:
        # Compile and load everything first.
        run(task, 16, small, Path(folder) / "small")
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        prepared = prepare(task, side, changes, Path(folder) / "large")
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        before = status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        prepared()
        return status("VmHWM") - before


def run(task: str, side: int, changes: dict[str, Any], folder: Path) -> None:
    """Run a task."""
    prepare(task, side, changes, folder)()


def prepare(task: str, side: int, changes: dict[str, Any], folder: Path) -> Any:
    """Prepare a task, and return the function that runs it."""
    recipe = changed(Recipe(), {"budget": {"steps": 2}, "threads": 2, "evaluation": {"interval": "end"}, **changes})
    picture = np.random.default_rng(0).random((side, side, 3)).astype(np.float32)

    def train() -> None:
        for _ in api.train(picture, recipe=recipe):
            pass

    def check() -> None:
        api.check(picture, recipe=recipe)

    def paint() -> None:
        api.paint(picture, recipe=recipe, runs=folder, film="none", live=False)

    def render() -> None:
        zoom.paint_uint8(load_run(painted.folder).model()[0], recipe, (side, side))

    if task == "render":
        painted = api.paint(picture[:16, :16], recipe=recipe, runs=folder, film="none", live=False)
    return {"train": train, "check": check, "paint": paint, "render": render}[task]


def status(name: str) -> int:
    """Return an entry of /proc/self/status in bytes."""
    found = re.search(rf"{name}:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
