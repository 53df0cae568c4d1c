"""One training of a speedrun, timed by the rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.lab.measure import counted_psnr
from sfumato.recipe import Recipe, changed
from sfumato.training import PictureProblem, PictureSnapshot, Trainer

WARM_STEPS, WARM_SECONDS = 50, 0.5
"""Limits of the warm-up training, whose result is discarded: it ends at the first of these."""


@dataclass(frozen=True)
class Trial:
    """The result of one seed."""

    seed: int
    psnr: float | None
    """PSNR in dB of the painting of the whole picture, clipped; None where it is not finite."""
    seconds: float
    """Time from before the first step to after the last, without evaluation and callbacks."""
    preparation: float
    """Seconds before: compiling or loading the engine, drawing the weights, encoding the coordinates."""
    samples: int
    steps: int
    epochs: float
    ended: str
    """Reason as in a snapshot: ``epochs``, ``steps``, ``seconds``, ``stopped`` or ``diverged``."""


def train(
    recipe: Recipe,
    seed: int,
    pixels: NDArray[np.float32],
    whole: NDArray[np.float32],
    watch: Callable[[float], None],
    stop: Callable[[], bool],
) -> Trial:
    """Train ``recipe``, resolved, from ``seed`` on ``pixels``, and compare its painting with the ``whole`` picture.

    ``watch`` is called with the fraction of the budget spent, about ten times per second.
    """
    before = time.perf_counter()
    seeded = changed(recipe, {"seed": seed})
    trainer = Trainer(seeded, PictureProblem(seeded, pixels))
    snapshots = trainer.snapshots(stop)
    last = next(snapshots)
    overhead, started = _overhead(trainer), time.perf_counter()
    watched = 0.0
    for last in snapshots:
        since = time.perf_counter()
        if last.ended is None:
            watch(last.progress)
            watched += time.perf_counter() - since
    seconds = time.perf_counter() - started - watched - (_overhead(trainer) - overhead)
    return Trial(
        seed=seed,
        psnr=_psnr(last, whole),
        seconds=seconds,
        preparation=started - before,
        samples=last.samples,
        steps=last.step,
        epochs=last.epoch,
        ended=last.ended or "",
    )


def warm_up(recipe: Recipe, pixels: NDArray[np.float32]) -> None:
    """Train some steps that do not count, so that code is loaded and compiled and memory is allocated."""
    for snapshot in Trainer(recipe, PictureProblem(recipe, pixels)).snapshots():
        if snapshot.step >= WARM_STEPS or snapshot.seconds >= WARM_SECONDS:
            return


def _overhead(trainer: Trainer[PictureSnapshot]) -> float:
    return trainer.overhead.first_and_last + sum(trainer.overhead.seconds.values())


def _psnr(last: PictureSnapshot, whole: NDArray[np.float32]) -> float | None:
    height, width, _ = whole.shape
    painting = last.painting() if last.size == (height, width) else last.paint(height, width)
    exact = images.exact(whole)
    mse = images.mse(np.clip(painting, 0.0, 1.0), exact)
    return counted_psnr(images.psnr(mse)) if np.isfinite(mse) else None
