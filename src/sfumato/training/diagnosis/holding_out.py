"""A trial of what a network makes of pixels that it is not shown.

On a patch of neighboring pixels: they lie as close together as in the run. The few of a check, spread over the whole
picture, lie farther apart than the network will see them, and what is smooth enough there may be noise here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.recipe import Recipe
from sfumato.training.diagnosis.trial import Unseen
from sfumato.training.diagnosis.trial_run import TrialRun
from sfumato.training.picture.held_out import held_out

SIDE = 64
"""Pixels of the patch, by rows and columns."""

PLACES = 3
"""Of so many by so many patches, the one with the most in it is taken."""


def unseen(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module) -> Unseen | None:
    """Train ``model``, in place; ``recipe`` resolved, ``picture`` (H, W, C). None where nothing is held out."""
    top, left, rows, columns = _patch(picture)
    mask = held_out(recipe, rows, columns) if recipe.data.split * rows * columns >= 1 else None
    if mask is None:
        return None
    down, across = models.axes(recipe.coordinates, *picture.shape[:2])
    places = np.meshgrid(down[top : top + rows], across[left : left + columns], indexing="ij")
    coordinates = np.stack(places, axis=-1).reshape(-1, 2)
    patch = np.asarray(picture[top : top + rows, left : left + columns], np.float64)
    targets, shown = patch.reshape(-1, picture.shape[2]), ~mask.reshape(-1)
    run = TrialRun(recipe, coordinates[shown], targets[shown], model)
    run.advance(1)
    while not run.over:
        run.advance(run.piece)
    with np.errstate(over="ignore", invalid="ignore"):
        errors = (np.asarray(run.trainer.outputs(coordinates), np.float64) - targets) ** 2
    # What a flat color could do is told by the pixels that it is taken of.
    flat = ((targets - targets[shown].mean(axis=0)) ** 2).mean(axis=1)
    return Unseen(rows, columns, _ratio(errors[shown], flat[shown]), _ratio(errors[~shown], flat[~shown]))


def _ratio(errors: NDArray[np.float64], flat: NDArray[np.float64]) -> float:
    mean = float(flat.mean())
    return float(errors.mean()) / mean if mean else math.nan


def _patch(picture: NDArray[np.floating]) -> tuple[int, int, int, int]:
    """(top, left, rows, columns)."""
    height, width, _ = picture.shape
    rows, columns = min(SIDE, height), min(SIDE, width)
    corners = [
        (round(down), round(across))
        for down in np.linspace(0, height - rows, PLACES)
        for across in np.linspace(0, width - columns, PLACES)
    ]
    top, left = max(
        corners,
        key=lambda each: float(picture[each[0] : each[0] + rows, each[1] : each[1] + columns].var(axis=(0, 1)).mean()),
    )
    return top, left, rows, columns
