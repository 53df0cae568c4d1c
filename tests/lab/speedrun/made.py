"""A track and a result small enough for any test."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sfumato import images
from sfumato.images import samples
from sfumato.lab.speedrun.result import result
from sfumato.lab.speedrun.tracks import TRACKS
from sfumato.lab.speedrun.trial import Trial
from sfumato.recipe import Picture, Recipe, changed, preset

SEEDS = {"official": (100, 101, 102), "tuning": (0, 1)}
CLOSED = dataclasses.replace(TRACKS["closed"], seeds=SEEDS)
OPEN = dataclasses.replace(TRACKS["open"], seconds=0.05, seeds=SEEDS)

MACHINE = {"date": "2026-11-25T10:00:00+00:00", "cpu": "A processor (znver5)", "cores": 2, "threads": 2}


def recipe(**changes: Any) -> Recipe:
    """Return the closed track's recipe, resolved."""
    resolved = {"engine": "fused", "dtype": "float32", "device": "cpu", "threads": 2}
    return changed(preset("speedrun"), {**resolved, **changes})


def trial(seed: int, psnr: float | None, seconds: float, ended: str = "epochs") -> Trial:
    """Return a trial of 0.7 epochs."""
    return Trial(seed, psnr, seconds, preparation=0.2, samples=90_112, steps=176, epochs=0.7002, ended=ended)


def facts(psnrs: Sequence[float | None] = (28.2, 28.3, 28.4), track: str = "closed", **others: Any) -> dict[str, Any]:
    """Return the result of three seeds, which took 0.5, 0.6 and 0.7 s."""
    trials = [trial(100 + k, psnr, 0.5 + 0.1 * k) for k, psnr in enumerate(psnrs)]
    replica = [] if track == "open" else [100e-6, 120e-6, 140e-6]
    return result(TRACKS[track], "official", "speedrun", recipe(), trials, replica, MACHINE) | others


def stand_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the Mona Lisa by a small picture, and the tracks by tracks of few seeds."""
    digest = images.sha256(images.load(Picture(source=str(path), color_management=False, channels="rgb")))
    monkeypatch.setattr(samples, "PIXELS_SHA256", digest)
    for track in (CLOSED, OPEN):
        monkeypatch.setitem(TRACKS, track.name, track)
