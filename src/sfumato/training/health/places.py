"""An evenly spaced subset of a picture's pixels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato import models
from sfumato.recipe import Recipe


def grid_indices(height: int, width: int, max_pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of a grid of at most ``max_pixels`` pixels, in the picture's proportions.

    The outermost rows and columns are included; all are, if the picture has no more pixels.
    """
    if height * width <= max_pixels:
        return np.arange(height), np.arange(width)
    scale = math.sqrt(max_pixels / (height * width))
    # A long thin picture keeps at least 2 pixels on its short side.
    rows = min(max(int(height * scale), 2), max_pixels // 2)
    columns = min(max(int(width * scale), 2), max_pixels // rows)
    rows = min(height, max_pixels // columns) if columns == 2 else rows
    return _evenly_spaced(height, rows), _evenly_spaced(width, min(columns, width))


def subsample(
    recipe: Recipe, picture: NDArray[np.floating], max_pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, 2) coordinates and (N, C) colors of at most ``max_pixels`` pixels of a picture (H, W, C)."""
    height, width, channels = picture.shape
    rows, columns = grid_indices(height, width, max_pixels)
    y, x = models.axes(recipe.coordinates, height, width)
    coordinates = np.stack(np.meshgrid(y[rows], x[columns], indexing="ij"), axis=-1).reshape(-1, 2)
    return coordinates, np.asarray(picture[np.ix_(rows, columns)], np.float64).reshape(-1, channels)


def _evenly_spaced(length: int, count: int) -> NDArray[np.int64]:
    return np.linspace(0, length - 1, count).round().astype(np.int64)
