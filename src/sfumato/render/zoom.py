"""Painting with a network at any size, in any region of its picture or beyond, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.cores import available_cores
from sfumato.models import WHOLE, Region
from sfumato.models.outputs import TILE
from sfumato.models.targets import to_values
from sfumato.recipe import Coordinates, Recipe
from sfumato.training import outputs

CHUNK = 64 * TILE
"""Samples per chunk: whole tiles, so that a painting has the same bits as if it were painted at once."""

Size = tuple[int, int]
"""(rows, columns)."""


def paint(model: torch.nn.Module, recipe: Recipe, size: Size, region: Region = WHOLE) -> NDArray[np.float32]:
    """Return the outputs of the network in a region of its picture as sRGB (rows, columns, C) in [0, 1]."""
    chunks = [colors for _, colors in _chunks(model, recipe, size, region)]
    return np.concatenate(chunks).reshape(*size, -1)


def paint_pixels(
    model: torch.nn.Module, recipe: Recipe, size: Size, pixels: NDArray[np.int64], region: Region = WHOLE
) -> NDArray[np.float32]:
    """Return the colors (n, C) of some ``pixels`` (n,) of `paint`, given by their indices, row by row."""
    rows, columns = models.axes(recipe.coordinates, *size, region)
    row, column = np.divmod(pixels, size[1])
    coordinates = np.stack([rows[row], columns[column]], axis=1)
    return images.to_srgb(values(model, recipe, coordinates), recipe.picture.transfer)


def values(model: torch.nn.Module, recipe: Recipe, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
    """Return the values of the network's outputs, unclipped, (M, 2) -> (M, C)."""
    return to_values(outputs(model, coordinates, threads(recipe)), recipe.data.target_range)


def paint_uint8(
    model: torch.nn.Module,
    recipe: Recipe,
    size: Size,
    region: Region = WHOLE,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.uint8]:
    """Return the result of `paint` in 0..255, one byte per value, for pictures too large for floats.

    progress: called after each chunk with the number of samples painted.
    """
    result: NDArray[np.uint8] | None = None
    for first, colors in _chunks(model, recipe, size, region):
        if result is None:
            result = np.empty((size[0] * size[1], colors.shape[1]), np.uint8)
        result[first : first + len(colors)] = images.to_uint8(colors)
        if progress is not None:
            progress(first + len(colors))
    assert result is not None, "a size has no sample"
    return result.reshape(*size, -1)


def aligned_region(coordinates: Coordinates, picture: Size, size: Size) -> Region:
    """Return the region whose samples lie at the pixel centers of the picture resampled to `size`.

    Resampling treats pixels as squares, and so extends half a pixel further on every side than ``align_corners`` does.
    Without this a film would tremble between paintings of different sizes.
    """
    if not coordinates.align_corners:
        return WHOLE
    ends = _ends if coordinates.endpoint else _ends_of_starts
    top, bottom = ends(picture[0], size[0])
    left, right = ends(picture[1], size[1])
    return Region(top, left, bottom, right)


def threads(recipe: Recipe) -> int:
    """Return the number of threads that trained the network, at most the cores available here.

    The outputs do not depend on it.
    """
    return max(1, min(recipe.threads, available_cores()))


def _ends(pixels: int, samples: int) -> tuple[float, float]:
    if pixels == samples or pixels == 1:
        return 0.0, 1.0
    inset = 0.5 * (pixels / samples - 1) / (pixels - 1)
    return inset, 1.0 - inset


def _ends_of_starts(pixels: int, samples: int) -> tuple[float, float]:
    # A sample lies at the start of its share of the region; its center is half a share further on.
    shift = 0.5 / samples - 0.5 / pixels
    return shift, 1.0 + shift


def _chunks(
    model: torch.nn.Module, recipe: Recipe, size: Size, region: Region
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (index of the first sample, sRGB (n, C)) for each chunk, row by row."""
    for first in range(0, size[0] * size[1], CHUNK):
        pixels = np.arange(first, min(first + CHUNK, size[0] * size[1]))
        yield first, paint_pixels(model, recipe, size, pixels, region)
