"""A whole speedrun: a recipe on every seed of a track, alternating with the replica of 2012."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.lab.speedrun import picture
from sfumato.lab.speedrun.machine import machine
from sfumato.lab.speedrun.replica import Replica
from sfumato.lab.speedrun.result import result
from sfumato.lab.speedrun.tracks import Seeds, Track
from sfumato.lab.speedrun.trial import Trial, train, warm_up
from sfumato.process_state import scoped
from sfumato.recipe import Recipe
from sfumato.training import resolve

Stage = Callable[[str, int, int], None]
"""Called with the progress: (name, done, total)."""

PROGRESS_UNITS = 1000
"""Units of progress per training."""


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
    resolved = resolve(recipe)
    stage("preparing", 0, 1)
    whole = picture.whole(recipe, file)
    pixels = picture.trained_on(recipe, file)
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
