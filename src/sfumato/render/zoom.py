"""A network painted at any size, any part of its picture and beyond: in pieces, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.cores import available_cores
from sfumato.models import WHOLE, Region
from sfumato.models.outputs import TILE
from sfumato.recipe import Coordinates, Recipe
from sfumato.training import outputs

PIECE = 64 * TILE
"""Samples at a time: whole tiles, so that a painting has the same bits as if it were painted in one."""

Size = tuple[int, int]
"""(rows, columns)."""


def painting(model: torch.nn.Module, recipe: Recipe, size: Size, region: Region = WHOLE) -> NDArray[np.float32]:
    """(rows, columns, C) sRGB in [0, 1]: what the network answers in a region of its picture."""
    parts = [colors for _, colors in _pieces(model, recipe, size, region)]
    return np.concatenate(parts).reshape(*size, -1)


def painted(
    model: torch.nn.Module, recipe: Recipe, size: Size, pixels: NDArray[np.int64], region: Region = WHOLE
) -> NDArray[np.float32]:
    """(n, C): some ``pixels`` (n,) of `painting`, by their numbers, row by row."""
    rows, columns = models.axes(recipe.coordinates, *size, region)
    row, column = np.divmod(pixels, size[1])
    coordinates = np.stack([rows[row], columns[column]], axis=1)
    return images.to_srgb(outputs(model, coordinates, threads(recipe)), recipe.picture.transfer)


def rendering(
    model: torch.nn.Module,
    recipe: Recipe,
    size: Size,
    region: Region = WHOLE,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.uint8]:
    """`painting` in 0..255, a byte a value, for pictures too large for floats.

    progress: called after each piece with the number of samples painted.
    """
    result: NDArray[np.uint8] | None = None
    for first, colors in _pieces(model, recipe, size, region):
        if result is None:
            result = np.empty((size[0] * size[1], colors.shape[1]), np.uint8)
        result[first : first + len(colors)] = images.to_uint8(colors)
        if progress is not None:
            progress(first + len(colors))
    assert result is not None, "a size has no sample"
    return result.reshape(*size, -1)


def aligned(coordinates: Coordinates, picture: Size, size: Size) -> Region:
    """The region whose samples lie where a resampling of the picture to `size` would have its pixels.

    Resampling takes a pixel for a square, and so half a pixel more on every side than ``corners`` does. Without this a
    film would tremble between paintings of several sizes.
    """
    if not coordinates.align_corners:
        return WHOLE
    top, bottom = _ends(picture[0], size[0])
    left, right = _ends(picture[1], size[1])
    return Region(top, left, bottom, right)


def threads(recipe: Recipe) -> int:
    """As many as trained the network, but no more than there are cores here. The answers do not depend on it."""
    return max(1, min(recipe.threads, available_cores()))


def _ends(pixels: int, samples: int) -> tuple[float, float]:
    if pixels == samples or pixels == 1:
        return 0.0, 1.0
    inside = 0.5 * (pixels / samples - 1) / (pixels - 1)
    return inside, 1.0 - inside


def _pieces(
    model: torch.nn.Module, recipe: Recipe, size: Size, region: Region
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(number of the first sample, (n, C) sRGB), row by row."""
    for first in range(0, size[0] * size[1], PIECE):
        pixels = np.arange(first, min(first + PIECE, size[0] * size[1]))
        yield first, painted(model, recipe, size, pixels, region)
