"""``python -m tests.recipe.peaks``: what work on recipes takes of memory, measured in a process of its own.

Reads a JSON list of ``{work, side, changes}`` and prints bytes, a line each: the peak beyond what was there before.
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
    """Measure all."""
    for each in json.load(sys.stdin):
        sys.stdout.write(f"{measured(each['work'], each['side'], each['changes'])}\n")
        sys.stdout.flush()


def measured(work: str, side: int, changes: dict[str, Any]) -> int:
    """Bytes of one."""
    small = {**changes, "model": {**changes.get("model", {}), "width": 16}}
    with tempfile.TemporaryDirectory() as folder:
        # Compiled and loaded before.
        done(work, 16, small, Path(folder) / "small")
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        prepared = prepare(work, side, changes, Path(folder) / "large")
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        before = status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        prepared()
        return status("VmHWM") - before


def done(work: str, side: int, changes: dict[str, Any], folder: Path) -> None:
    """The work itself."""
    prepare(work, side, changes, folder)()


def prepare(work: str, side: int, changes: dict[str, Any], folder: Path) -> Any:
    """All that is no part of the work, and then the work."""
    recipe = changed(Recipe(), {"budget": {"steps": 3}, "threads": 2, "evaluation": {"interval": "end"}, **changes})
    picture = np.random.default_rng(0).random((side, side, 3)).astype(np.float32)

    def train() -> None:
        for _ in api.train(picture, recipe=recipe):
            pass

    def check() -> None:
        api.check(picture, recipe=recipe)

    def paint() -> None:
        api.paint(picture, recipe=recipe, runs=folder, film="none", live=False)

    def render() -> None:
        zoom.rendering(load_run(run.folder).model()[0], recipe, (side, side))

    if work == "render":
        run = api.paint(picture[:16, :16], recipe=recipe, runs=folder, film="none", live=False)
    return {"train": train, "check": check, "paint": paint, "render": render}[work]


def status(name: str) -> int:
    """Bytes."""
    found = re.search(rf"{name}:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
