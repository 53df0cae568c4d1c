"""Execution of a health check's trial."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.recipe.batching import Batching
from sfumato.training.diagnosis.holding_out import run_held_out_trial
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.diagnosis.trial_run import TrialRun
from sfumato.training.health.layer_probe import LayerProbe
from sfumato.training.health.places import subsample
from sfumato.training.movement import relative_change
from sfumato.training.picture.held_out import count_held_out
from sfumato.training.rehearsal import rehearse

PIXELS = 4096
"""Maximum number of pixels to train on."""

FULL_BATCH_PIXELS = 1024
"""The same for full batches: with 4,096 pixels per step there is no time for enough steps."""


def run_trial(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module | None = None) -> Trial:
    """Train for about `trial_run.SECONDS` seconds; ``recipe`` resolved, ``picture`` (H, W, C).

    ``model`` is not changed. The learning rate is the recipe's highest, after a warm-up if the recipe has one. Raise
    RecipeError if the module does not fit the picture.
    """
    height, width, channels = picture.shape
    pixels = height * width - count_held_out(recipe, height, width)
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
