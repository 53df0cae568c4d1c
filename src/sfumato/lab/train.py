"""Training of one trial: a picture, or a smaller one first, or digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.errors import SfumatoError
from sfumato.images.planes import Planes
from sfumato.images.resize import target_size, to_floats
from sfumato.lab.digits import train as digits
from sfumato.lab.digits.data import Digits
from sfumato.lab.measure import counted_psnr
from sfumato.lab.plan import First
from sfumato.lab.trial import InterruptedTrialError, Key, Outcome, Trial, failed, identity
from sfumato.lab.trial_tables import OTHER_METRICS
from sfumato.recipe import Recipe, changed
from sfumato.recipe.picture import Transfer
from sfumato.training import PictureProblem, PictureSnapshot, Trainer, resolve
from sfumato.training.health import saturated


@dataclass(frozen=True)
class Phase:
    """Training on one picture."""

    recipe: Recipe
    picture: NDArray[np.float32]
    marks: tuple[float, ...]
    """Fractions of this phase's budget."""
    last: bool = True


def phases(
    recipe: Recipe, picture: NDArray[np.float32], marks: Sequence[float], first: First | None
) -> tuple[Phase, ...]:
    """Return the phases of a training on ``picture`` (H, W, C); ``marks``: fractions of all samples, 0 to 1.

    Each phase continues with the weights of the one before. All samples together are those of the recipe's budget, as
    near as whole steps come.
    """
    if first is None:
        return (Phase(recipe, picture, tuple(marks)),)
    epochs, share = recipe.budget.epochs, first.share
    assert epochs is not None, "the plan was checked"
    small = shrunk(picture, first.max_side)
    more = (picture.shape[0] * picture.shape[1]) / (small.shape[0] * small.shape[1])
    # The small picture is not evaluated by itself, and may be too small for MS-SSIM.
    early = changed(recipe, {"budget": {"epochs": epochs * share * more}, "evaluation": {"metrics": ()}})
    late = changed(recipe, {"budget": {"epochs": epochs * (1 - share)}})
    return (
        Phase(early, small, tuple(mark / share for mark in marks if mark <= share), last=False),
        Phase(late, picture, tuple((mark - share) / (1 - share) for mark in marks if mark > share)),
    )


def shrunk(picture: NDArray[np.float32], max_side: int) -> NDArray[np.float32]:
    """Return the picture (H, W, C) resampled to ``max_side`` pixels on its longer side, as `picture.max_side` does."""
    height, width, channels = picture.shape
    columns, rows = target_size(width, height, None, max_side)
    # Resample every channel alike: here alpha is a target like the others, not a weight.
    return to_floats(Planes(tuple(picture[:, :, channel] for channel in range(channels))), columns, rows)


def started_with(phase: Phase, weights: Mapping[str, NDArray[Any]]) -> torch.nn.Module:
    """Return the phase's network with these weights."""
    recipe, channels = phase.recipe, phase.picture.shape[2]
    model = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights.items()})
    return model


Learned = tuple[NDArray[np.float32], ...] | Digits
"""The targets of an experiment's trainings: pictures (H, W, C), in the order of the plan, or digits."""


Target = NDArray[np.float32] | Digits
"""The target of one training: a picture (H, W, C), or digits."""


def target_of(trial: Trial, learned: Learned) -> Target:
    """Return the target of a trial."""
    return learned if isinstance(learned, Digits) else learned[trial.key.picture]


Report = Callable[[Key, Mapping[str, Any], int], bool]
"""Called with a trial's key, a point of its curve, and the number of marks that it has passed, while it trains.

Returning true ends that training, at this mark or a later one, with an outcome whose status is ``pruned``. It may be
called from any thread.
"""


def train(
    trial: Trial, target: Target, stop: Callable[[], bool] = lambda: False, report: Report | None = None
) -> Outcome:
    """Train on one thread to the end of the budget; a failed training gives an outcome too.

    ``report`` is called at every mark of a picture's training but the last. Raises InterruptedTrialError after ``stop``
    returns true.
    """
    try:
        if isinstance(target, Digits):
            return digits.train(trial, target, stop)
        return _train(trial, target, stop, report)
    except (SfumatoError, ArithmeticError, ValueError, RuntimeError, TypeError, MemoryError) as error:
        # A custom network may raise any of these; the other trials continue.
        return failed(trial.key, f"{type(error).__name__}: {error}")


def _train(trial: Trial, picture: NDArray[np.float32], stop: Callable[[], bool], report: Report | None) -> Outcome:
    recipe = resolve(trial.recipe, picture.shape[:2])
    transfer: Transfer = recipe.picture.transfer
    exact = images.exact(picture)
    curve: list[dict[str, Any]] = []
    frames: list[NDArray[np.uint8]] = []
    before = {"samples": 0, "step": 0, "seconds": 0.0}
    weights: dict[str, NDArray[Any]] | None = None
    pixels = picture.shape[0] * picture.shape[1]
    for phase in phases(recipe, picture, trial.marks, trial.first):
        marks = list(phase.marks)
        last = None
        for snapshot in _trainer(phase, weights).snapshots(stop):
            last = snapshot
            if snapshot.ended == "stopped":
                raise InterruptedTrialError
            ended = snapshot.ended is not None and (phase.last or snapshot.ended == "diverged")
            if ended or (marks and snapshot.progress >= marks[0]):
                marks = [mark for mark in marks if mark > snapshot.progress]
                point = _point(snapshot, exact, sigmoid_output=recipe.model.output_activation == "sigmoid")
                point["samples"] += before["samples"]
                point["seconds"] += before["seconds"]
                curve.append({**point, "epoch": point["samples"] / pixels})
                if not ended and report is not None and report(trial.key, curve[-1], len(phase.marks) - len(marks)):
                    row = {**identity(trial.key), **curve[-1], "status": "pruned", "reason": None, "curve": curve}
                    return Outcome(trial.key, row, {}, (), None)
                if trial.frames is not None and snapshot.ended != "diverged":
                    frames.append(images.to_uint8(images.to_srgb(snapshot.paint(*trial.frames), transfer)))
            if ended:
                saves_painting = trial.frames is not None and snapshot.ended != "diverged"
                painting = images.to_uint8(images.to_srgb(snapshot.painting(), transfer)) if saves_painting else None
                result = _result(snapshot, recipe.engine)
                result |= {name: result[name] + amount for name, amount in before.items()}
                result["epoch"] = result["samples"] / pixels
                row = {**identity(trial.key), **result, "curve": curve}
                # Nobody keeps the weights of a search, and they may cross a network.
                kept = snapshot.weights() if trial.key.purpose == "verdict" else {}
                return Outcome(trial.key, row, kept, tuple(frames), painting)
        assert last is not None
        weights = last.weights()
        before = {name: amount + getattr(last, name) for name, amount in before.items()}
    raise AssertionError("a training ends with a last snapshot")


def _trainer(phase: Phase, weights: dict[str, NDArray[Any]] | None) -> Trainer[PictureSnapshot]:
    model = None if weights is None else started_with(phase, weights)
    return Trainer(phase.recipe, PictureProblem(phase.recipe, phase.picture), model, marks=phase.marks)


def _result(snapshot: PictureSnapshot, engine: str) -> dict[str, Any]:
    evaluation = snapshot.evaluation
    assert evaluation is not None, "the last snapshot is evaluated"
    named = evaluation.named()
    return {
        "status": "diverged" if snapshot.ended == "diverged" else "finished",
        "reason": snapshot.reason,
        "psnr": counted_psnr(evaluation.psnr),
        "ssim": _number(named.get("ssim")),
        **{name: _number(named[name]) for name in ("mse", *OTHER_METRICS) if name in named},
        "epoch": snapshot.epoch,
        "step": snapshot.step,
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "engine": engine,
    }


def _point(snapshot: PictureSnapshot, picture: NDArray[np.float64], *, sigmoid_output: bool) -> dict[str, Any]:
    """Return a point of the curve: PSNR without SSIM, the expensive part of an evaluation."""
    evaluation = snapshot.evaluation
    # While training on a smaller picture, compare the painting with the whole one.
    if evaluation is None or evaluation.painting.shape != picture.shape:
        painting = snapshot.paint(*picture.shape[:2])
        psnr = images.psnr(images.mse(np.clip(painting, 0.0, 1.0), picture))
    else:
        painting, psnr = evaluation.painting, evaluation.psnr
    point = {
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "psnr": counted_psnr(psnr),
    }
    return {**point, "saturated": saturated(painting, picture)} if sigmoid_output else point


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
