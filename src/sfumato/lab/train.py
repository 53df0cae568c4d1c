"""Train one trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import SfumatoError
from sfumato.lab.trial import Outcome, Trial, failed, identity
from sfumato.recipe.picture import Light
from sfumato.training import Loop, Snapshot, resolve


class InterruptedTrialError(Exception):
    """Training was asked to stop before its end: nothing came of it."""


def train(trial: Trial, picture: NDArray[np.float32], stop: Callable[[], bool] = lambda: False) -> Outcome:
    """Train on one thread to the end of the budget; a training that fails is an outcome too.

    ``picture`` (H, W, C). Raises InterruptedTrialError after ``stop`` has said so.
    """
    try:
        return _train(trial, picture, stop)
    except (SfumatoError, ArithmeticError, ValueError, RuntimeError, TypeError, MemoryError) as error:
        # One's own network may raise anything of this; the other trials go on.
        return failed(trial.key, f"{type(error).__name__}: {error}")


def _train(trial: Trial, picture: NDArray[np.float32], stop: Callable[[], bool]) -> Outcome:
    recipe = resolve(trial.recipe)
    loop = Loop(recipe, picture, marks=trial.marks)
    light: Light = recipe.picture.light
    exact = images.exact(picture)
    curve: list[dict[str, Any]] = []
    frames: list[NDArray[np.uint8]] = []
    marks = list(trial.marks)
    for snapshot in loop.snapshots(stop):
        if snapshot.ended == "stopped":
            raise InterruptedTrialError
        if snapshot.ended is not None or (marks and snapshot.progress >= marks[0]):
            marks = [mark for mark in marks if mark > snapshot.progress]
            curve.append(_point(snapshot, exact))
            if trial.frames is not None and snapshot.ended != "diverged":
                frames.append(images.to_uint8(images.shown(snapshot.paint(*trial.frames), light)))
        if snapshot.ended is not None:
            keeps = trial.frames is not None and snapshot.ended != "diverged"
            painting = images.to_uint8(images.shown(snapshot.painting(), light)) if keeps else None
            row = {**identity(trial.key), **_result(snapshot, recipe.engine), "curve": curve}
            return Outcome(trial.key, row, snapshot.weights(), tuple(frames), painting)
    raise AssertionError("a training ends with a last snapshot")


def _result(snapshot: Snapshot, engine: str) -> dict[str, Any]:
    evaluation = snapshot.evaluation
    assert evaluation is not None, "the last snapshot is evaluated"
    return {
        "status": "diverged" if snapshot.ended == "diverged" else "finished",
        "reason": snapshot.reason,
        "psnr": _number(evaluation.psnr),
        "ssim": _number(evaluation.ssim),
        "mse": _number(evaluation.mse),
        "epoch": snapshot.epoch,
        "step": snapshot.step,
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "engine": engine,
    }


def _point(snapshot: Snapshot, picture: NDArray[np.float64]) -> dict[str, Any]:
    """Of the curve; a painting's PSNR without the dear part of an evaluation, its structural similarity."""
    if snapshot.evaluation is not None:
        psnr = snapshot.evaluation.psnr
    else:
        painting = snapshot.paint(*snapshot.size)
        psnr = images.psnr(images.mse(np.clip(painting, 0.0, 1.0), picture))
    return {
        "epoch": snapshot.epoch,
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "psnr": _number(psnr),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
