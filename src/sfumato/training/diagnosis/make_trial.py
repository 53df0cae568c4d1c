"""Execution of a health check's trial, on training pixels and on held-out ones.

The trial with held-out pixels uses a patch of neighboring pixels, which lie as close together as in the run. The pixels
of the main trial are spread over the whole picture and lie farther apart: a network that is smooth enough for the run
may look noisy there.
"""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.recipe.budget import Batching
from sfumato.training.diagnosis.trial import HeldOutTrial, Trial
from sfumato.training.diagnosis.trial_run import TrialRun
from sfumato.training.divergence import relative_change
from sfumato.training.health.layer_probe import LayerProbe, subsample
from sfumato.training.picture.splits import TrainingSamples, check_split, training_samples
from sfumato.training.rehearsal import rehearse

SIDE = 64
"""Rows and columns of the patch, in pixels."""

CANDIDATES = 3
"""Rows and columns of the grid of candidate patches, of which the one with the largest variance is used."""

PIXELS = 4096
"""Maximum number of pixels to train on."""
FULL_BATCH_PIXELS = 1024
"""The same for full batches: with 4,096 pixels per step there is no time for enough steps."""


def run_held_out_trial(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module) -> HeldOutTrial | None:
    """Train ``model`` in place; ``recipe`` resolved, ``picture`` (H, W, C). Return None if no pixel is held out."""
    top, left, rows, columns = _patch(picture)
    if not 0 < recipe.data.split.samples(rows, columns) < rows * columns:
        return None
    y, x = models.axes(recipe.coordinates, *picture.shape[:2])
    grid = np.meshgrid(y[top : top + rows], x[left : left + columns], indexing="ij")
    coordinates = np.stack(grid, axis=-1).reshape(-1, 2)
    patch = np.asarray(picture[top : top + rows, left : left + columns], np.float64)
    samples = training_samples(recipe, coordinates, patch)
    assert samples.held_out is not None, "fewer samples than pixels"
    run = TrialRun(recipe, samples.inputs, samples.targets, model)
    run.advance(1)
    while not run.finished:
        run.advance(run.next_steps)
    with np.errstate(over="ignore", invalid="ignore"):
        trained = _relative_mse(run, samples.inputs, samples.targets, samples)
        held_out = samples.held_out
        new = _relative_mse(run, coordinates[held_out.reshape(-1)], patch[held_out], samples)
    return HeldOutTrial(rows, columns, trained, new)


def _relative_mse(
    run: TrialRun, inputs: NDArray[np.float64], targets: NDArray[np.float64], samples: TrainingSamples
) -> float:
    """Return the mean squared error over that of the training samples' mean color, all that a network can know."""
    baseline = float(np.square(targets - samples.targets.mean(axis=0)).mean())
    squared = np.square(np.asarray(run.trainer.outputs(inputs), np.float64) - targets)
    return float(squared.mean()) / baseline if baseline else math.nan


def _patch(picture: NDArray[np.floating]) -> tuple[int, int, int, int]:
    """Return (top, left, rows, columns) of the candidate patch with the largest variance."""
    height, width, _ = picture.shape
    rows, columns = min(SIDE, height), min(SIDE, width)
    corners = [
        (round(top), round(left))
        for top in np.linspace(0, height - rows, CANDIDATES)
        for left in np.linspace(0, width - columns, CANDIDATES)
    ]
    top, left = max(
        corners,
        key=lambda each: float(picture[each[0] : each[0] + rows, each[1] : each[1] + columns].var(axis=(0, 1)).mean()),
    )
    return top, left, rows, columns


def run_trial(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module | None = None) -> Trial:
    """Train for about `trial_run.SECONDS` seconds; ``recipe`` resolved, ``picture`` (H, W, C).

    ``model`` is not changed. The learning rate is the recipe's highest, after a warm-up if the recipe has one. Raise
    RecipeError if the module does not fit the picture.
    """
    height, width, channels = picture.shape
    check_split(recipe, height, width)
    pixels = recipe.data.split.samples(height, width)
    if model is None:
        model = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
    try:
        model = copy.deepcopy(model)
        if recipe.model.module is not None:
            rehearse(recipe, model, channels, pixels)
            models.materialized(model, recipe.seed)
        untrained = copy.deepcopy(model)
        probe = LayerProbe(recipe, picture, model, PIXELS)
        full_batch = recipe.training.batch == "all"
        run = TrialRun(recipe, *subsample(recipe, picture, FULL_BATCH_PIXELS if full_batch else PIXELS), model)
        initial = run.trainer.weights()
        before = probe.measure(initial)
    except (RuntimeError, TypeError) as error:
        if recipe.model.module is None:
            raise
        reason = " ".join(str(error).split())
        raise RecipeError(
            f"the network must be one that can be copied. {recipe.model.module} raises: {reason}"
        ) from None
    mses = [run.advance(1)]
    while not run.finished:
        mses.append(run.advance(run.next_steps))
    previous = run.trainer.weights()
    run.advance(1)
    weights = run.trainer.weights()
    after = probe.measure(weights)
    names = [layer.weight for layer in before.layers]
    return Trial(
        engine=recipe.engine,
        pixels=run.batching.samples,
        steps=run.steps,
        seconds=run.seconds,
        before=before,
        after=after,
        mses=tuple(mses),
        updates=tuple(relative_change(previous[name], weights[name]) for name in names),
        moved=tuple(relative_change(initial[name], weights[name]) for name in names),
        planned_steps=_planned_steps(recipe, pixels, run),
        held_out=run_held_out_trial(recipe, picture, untrained),
    )


def _planned_steps(recipe: Recipe, pixels: int, run: TrialRun) -> float | None:
    """Return the steps of the recipe's budget with ``pixels`` training pixels, at the speed of the trial."""
    budget, batching = recipe.budget, Batching.of(recipe.training.batch, pixels)
    slowdown = max(batching.batch / run.batching.batch, 1.0)
    limits = [
        None if budget.epochs is None else budget.epochs * batching.steps_per_epoch,
        budget.steps,
        None if budget.seconds is None else budget.seconds * run.steps / max(run.seconds * slowdown, 1e-9),
    ]
    return min((float(each) for each in limits if each is not None), default=None)
