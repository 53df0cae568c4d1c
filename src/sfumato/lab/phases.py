"""The phases of a trial: the whole picture alone, or a smaller one first, within the same number of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.images.planes import Planes
from sfumato.images.resize import target_size, to_floats
from sfumato.lab.plan import First
from sfumato.recipe import Recipe, changed


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
    early = changed(recipe, {"budget": {"epochs": epochs * share * more}})
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
