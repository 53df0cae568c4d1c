"""A whole speedrun: a recipe on every seed of a track, alternating with engine ``replica``."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from llvmlite.binding import get_host_cpu_name
from numpy.typing import NDArray

from sfumato.lab.speedrun import rules
from sfumato.lab.speedrun.result import result
from sfumato.lab.speedrun.tracks import Seeds, Track
from sfumato.lab.speedrun.trial import Trial, train, warm_up
from sfumato.process_state import scoped
from sfumato.recipe import Recipe, changed, preset
from sfumato.runs.provenance import provenance
from sfumato.training import PictureProblem, Trainer, resolve

LEAST_SECONDS = 0.05
"""Least duration of one measurement."""

PROGRESS_UNITS = 1000
"""Units of progress per training."""


class Replica:
    """A training of 2012 on this picture, on one core, which continues with each measurement."""

    def __init__(self, picture: NDArray[np.float32], network: dict[str, object] | None = None) -> None:
        """Start the training. ``network``: changes of its model, for tests."""
        endless = {"budget": {"steps": 10**12}, "evaluation": {"interval": "end"}}
        changes = {"engine": "replica", "model": network or {}, **endless}
        recipe = resolve(changed(preset("blog-2012"), changes), picture.shape[:2])
        self._snapshots = Trainer(recipe, PictureProblem(recipe, picture)).snapshots()
        self._last = next(self._snapshots)
        # The intervals between the trainer's first snapshots are short.
        while self._advance()[0] < LEAST_SECONDS:
            pass

    def seconds_per_sample(self) -> float:
        """Return the seconds per sample over the next tenth of a second or so."""
        seconds, samples = self._advance()
        return seconds / samples

    def _advance(self) -> tuple[float, int]:
        before, self._last = self._last, next(self._snapshots)
        return self._last.seconds - before.seconds, self._last.samples - before.samples


def machine(threads: int) -> dict[str, Any]:
    """Return plain data: processor, cores, threads, versions, commit, and the load of the machine."""
    made = provenance(threads)
    made["cpu"] = f"{made['cpu']} ({get_host_cpu_name()})"
    made["system"] = f"{platform.system()} {platform.machine()}"
    busy = {"load_average_1_minute": round(os.getloadavg()[0], 2)} if hasattr(os, "getloadavg") else {}
    return {"date": datetime.now(UTC).isoformat(timespec="seconds"), **made, **busy}


Stage = Callable[[str, int, int], None]
"""Called with the progress: (name, done, total)."""


def _ignore_progress(name: str, done: int, total: int) -> None:
    """Do nothing with the progress."""


@scoped
def speedrun(
    recipe: Recipe,
    track: Track,
    seeds: Seeds,
    name: str,
    file: str | None = None,
    stage: Stage = _ignore_progress,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:
    """Run ``recipe``, as `rules.entered` returns it, on the track's seeds; return None where ``stop`` ended it early.

    ``name``: the recipe's name in tables; ``file``: path of the picture. Raises PictureError or EngineError before
    anything is trained.
    """
    resolve(recipe)
    stage("preparing", 0, 1)
    whole = rules.whole_picture(recipe, file)
    resolved = resolve(recipe, whole.shape[:2])
    pixels = rules.training_picture(recipe, file)
    replica = Replica(whole) if track.target is not None else None
    found = trials(resolved, track.seeds[seeds], pixels, whole, replica, stage, stop)
    if found is None:
        return None
    return result(track, seeds, name, resolved, *found, machine(resolved.threads))


def trials(
    recipe: Recipe,
    seeds: tuple[int, ...],
    pixels: NDArray[np.float32],
    whole: NDArray[np.float32],
    replica: Replica | None,
    stage: Stage,
    stop: Callable[[], bool],
) -> tuple[list[Trial], list[float]] | None:
    """Return every seed's trial, and the replica's seconds per sample after each; None if ``stop`` ended it."""
    warm_up(recipe, pixels)
    stage("preparing", 1, 1)
    total = PROGRESS_UNITS * len(seeds)
    done: list[Trial] = []
    replica_seconds: list[float] = []
    for number, seed in enumerate(seeds):
        stage("seeds", PROGRESS_UNITS * number, total)
        if stop():
            return None

        def watch(fraction: float, number: int = number) -> None:
            stage("seeds", round(PROGRESS_UNITS * (number + fraction)), total)

        trial = train(recipe, seed, pixels, whole, watch, stop)
        if trial.ended == "stopped":
            return None
        done.append(trial)
        if replica is not None:
            replica_seconds.append(replica.seconds_per_sample())
    stage("seeds", total, total)
    return done, replica_seconds
