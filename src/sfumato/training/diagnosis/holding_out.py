"""Trial with held-out pixels: whether a network generalizes to pixels that it is not trained on.

It uses a patch of neighboring pixels, which lie as close together as in the run. The pixels of the first trial are
spread over the whole picture and lie farther apart: a network that is smooth enough for the run may look noisy there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.recipe import Recipe
from sfumato.training.diagnosis.trial import HeldOutTrial
from sfumato.training.diagnosis.trial_run import TrialRun
from sfumato.training.picture.held_out import held_out_mask

SIDE = 64
"""Rows and columns of the patch, in pixels."""

CANDIDATES = 3
"""Rows and columns of the grid of candidate patches, of which the one with the largest variance is used."""


def run_held_out_trial(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module) -> HeldOutTrial | None:
    """Train ``model`` in place; ``recipe`` resolved, ``picture`` (H, W, C). Return None if no pixel is held out."""
    top, left, rows, columns = _patch(picture)
    mask = held_out_mask(recipe, rows, columns) if recipe.data.split * rows * columns >= 1 else None
    if mask is None:
        return None
    y, x = models.axes(recipe.coordinates, *picture.shape[:2])
    grid = np.meshgrid(y[top : top + rows], x[left : left + columns], indexing="ij")
    coordinates = np.stack(grid, axis=-1).reshape(-1, 2)
    patch = np.asarray(picture[top : top + rows, left : left + columns], np.float64)
    targets, trained = patch.reshape(-1, picture.shape[2]), ~mask.reshape(-1)
    run = TrialRun(recipe, coordinates[trained], targets[trained], model)
    run.advance(1)
    while not run.finished:
        run.advance(run.next_steps)
    with np.errstate(over="ignore", invalid="ignore"):
        squared = (np.asarray(run.trainer.outputs(coordinates), np.float64) - targets) ** 2
    # The mean color comes from the pixels trained on, as the network cannot know the others.
    baseline = ((targets - targets[trained].mean(axis=0)) ** 2).mean(axis=1)
    return HeldOutTrial(
        rows,
        columns,
        _relative_mse(squared[trained], baseline[trained]),
        _relative_mse(squared[~trained], baseline[~trained]),
    )


def _relative_mse(squared: NDArray[np.float64], baseline: NDArray[np.float64]) -> float:
    mean = float(baseline.mean())
    return float(squared.mean()) / mean if mean else math.nan


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
