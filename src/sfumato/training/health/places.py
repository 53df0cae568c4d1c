"""A few of a picture's pixels, evenly spread over it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato import models
from sfumato.recipe import Recipe


def places(height: int, width: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns that cross in at most ``most`` pixels, in the picture's proportions; outermost ones included.

    All of them where there are no more.
    """
    if height * width <= most:
        return np.arange(height), np.arange(width)
    scale = math.sqrt(most / (height * width))
    # A long thin picture keeps at least 2 on its short side; the other side has what is left.
    rows = min(max(int(height * scale), 2), most // 2)
    columns = min(max(int(width * scale), 2), most // rows)
    rows = min(height, most // columns) if columns == 2 else rows
    return _evenly(height, rows), _evenly(width, min(columns, width))


def few_pixels(
    recipe: Recipe, picture: NDArray[np.floating], most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 2) coordinates and (N, C) colors of at most ``most`` pixels of a picture (H, W, C), row by row."""
    height, width, channels = picture.shape
    rows, columns = places(height, width, most)
    down, across = models.axes(recipe.coordinates, height, width)
    coordinates = np.stack(np.meshgrid(down[rows], across[columns], indexing="ij"), axis=-1).reshape(-1, 2)
    return coordinates, np.asarray(picture[np.ix_(rows, columns)], np.float64).reshape(-1, channels)


def _evenly(length: int, count: int) -> NDArray[np.int64]:
    return np.linspace(0, length - 1, count).round().astype(np.int64)
