"""Pixels kept away from training, to see how the network answers where it never looked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.rng import rng_for


def count_held_out(recipe: Recipe, height: int, width: int) -> int:
    """How many of a picture's pixels. Raises RecipeError where none would be left to train on, or none be held out."""
    share, pixels = recipe.data.split, height * width
    count = round(share * pixels)
    if count == pixels:
        raise RecipeError(
            f"data.split must leave a pixel to train on. Got {share:g} of {pixels} pixels, which is all; hold "
            f"out at most {(pixels - 1) / pixels:.2g}."
        )
    if share and not count:
        raise RecipeError(
            f"data.split must come to at least one pixel. Got {share:g} of {pixels} pixels, which is none; take "
            f"{1 / pixels:.2g} or more, or 0."
        )
    return count


def held_out(recipe: Recipe, height: int, width: int) -> NDArray[np.bool_] | None:
    """The (H, W) mask of these pixels; None where there are none. Raises RecipeError as `count_held_out` does."""
    count = count_held_out(recipe, height, width)
    if count == 0:
        return None
    mask = np.zeros(height * width, dtype=np.bool_)
    mask[rng_for(recipe.seed, "held out").permutation(height * width)[:count]] = True
    return mask.reshape(height, width)
