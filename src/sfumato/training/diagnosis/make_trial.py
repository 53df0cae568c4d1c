"""Makes a trial."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.recipe.batching import Batching
from sfumato.training.diagnosis.holding_out import unseen
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.diagnosis.trial_run import TrialRun
from sfumato.training.health.layer_probe import LayerProbe
from sfumato.training.health.places import few_pixels
from sfumato.training.movement import change
from sfumato.training.picture.held_out import count_held_out
from sfumato.training.rehearsal import rehearse

PIXELS = 4096
"""At most so many are shown."""

FULL_BATCH_PIXELS = 1024
"""The same where each step takes all pixels: of a step of 4,096 there is no time for enough."""


def run_trial(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module | None = None) -> Trial:
    """Train for about `trial_run.SECONDS` seconds; ``recipe`` resolved, ``picture`` (H, W, C).

    ``model`` is left as it was. The rate is the recipe's highest, after a warm-up where it has one. Raises RecipeError
    when the module does not fit the picture.
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
        whole = recipe.training.batch == "all"
        run = TrialRun(recipe, *few_pixels(recipe, picture, FULL_BATCH_PIXELS if whole else PIXELS), model)
        first = run.trainer.weights()
        before = probe.measure(first)
    except (RuntimeError, TypeError) as error:
        if recipe.model.module is None:
            raise
        reason = " ".join(str(error).split())
        raise RecipeError(f"the network must be one that can be copied. {recipe.model.module} says: {reason}") from None
    errors = [run.advance(1)]
    while not run.over:
        errors.append(run.advance(run.piece))
    last = run.trainer.weights()
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
        errors=tuple(errors),
        updates=tuple(change(last[name], weights[name]) for name in names),
        moved=tuple(change(first[name], weights[name]) for name in names),
        planned_steps=_planned(recipe, pixels, run),
        unseen=unseen(recipe, picture, untrained),
    )


def _planned(recipe: Recipe, pixels: int, run: TrialRun) -> float | None:
    """Steps of the recipe's budget on all pixels that are trained on, at the pace of the trial."""
    budget, batching = recipe.budget, Batching.of(recipe.training.batch, pixels)
    slower = max(batching.batch / run.batching.batch, 1.0)
    limits = [
        None if budget.epochs is None else budget.epochs * batching.steps_per_epoch,
        budget.steps,
        None if budget.seconds is None else budget.seconds * run.steps / max(run.seconds * slower, 1e-9),
    ]
    return min((float(each) for each in limits if each is not None), default=None)
