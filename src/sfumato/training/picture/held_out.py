"""Held-out pixels: those that are only used for validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.rng import rng_for


def count_held_out(recipe: Recipe, height: int, width: int) -> int:
    """Return the number of held-out pixels.

    Raise RecipeError if no pixel is left to train on, or if ``data.split`` is not 0 and rounds to no pixel.
    """
    fraction, pixels = recipe.data.split, height * width
    count = round(fraction * pixels)
    if count == pixels:
        raise RecipeError(
            f"data.split must leave a pixel to train on. Got {fraction:g} of {pixels} pixels, which is all; hold "
            f"out at most {(pixels - 1) / pixels:.2g}."
        )
    if fraction and not count:
        raise RecipeError(
            f"data.split must hold out at least one pixel. Got {fraction:g} of {pixels} pixels, which is none; use "
            f"{1 / pixels:.2g} or more, or 0."
        )
    return count


def held_out_mask(recipe: Recipe, height: int, width: int) -> NDArray[np.bool_] | None:
    """Return the (H, W) mask of the held-out pixels; None if there are none. Raise RecipeError as `count_held_out`."""
    count = count_held_out(recipe, height, width)
    if count == 0:
        return None
    mask = np.zeros(height * width, dtype=np.bool_)
    mask[rng_for(recipe.seed, "held out").permutation(height * width)[:count]] = True
    return mask.reshape(height, width)
