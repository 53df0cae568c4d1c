"""The network at any magnification, also beyond the border of its picture, in tiles of 256 x 256 pixels."""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images
from sfumato.models import Region
from sfumato.recipe import Recipe
from sfumato.render import zoom
from sfumato.studio.inspector.tile_range import SIDE


def region(recipe: Recipe, shape: tuple[int, int], zoom_level: int, row: int, column: int) -> Region:
    """Return the region of a tile, as `zoom.paint` takes it, of a picture of (height, width).

    At zoom Z, which may be below 0, the longer side has 256 * 2^Z pixels; row and column count tiles from the upper
    left corner. A pixel of the picture is a square, so that with ``align_corners`` half a pixel lies outside of the
    outer ones.
    """
    longer = max(shape)
    # The width of a tile's pixel, in pixels of the picture.
    step = longer / (SIDE * 2.0**zoom_level)
    top, bottom = _ends(recipe, shape[0], row * SIDE * step, step)
    left, right = _ends(recipe, shape[1], column * SIDE * step, step)
    return Region(top, left, bottom, right)


def _ends(recipe: Recipe, pixels: int, start: float, step: float) -> tuple[float, float]:
    if not recipe.coordinates.align_corners:
        return start / pixels, (start + SIDE * step) / pixels
    # Then samples lie on the ends: the centers of the tile's first and last pixel, counted from the picture's.
    first, last = start + 0.5 * step - 0.5, start + (SIDE - 0.5) * step - 0.5
    if not recipe.coordinates.endpoint:
        return first / pixels, (last + step) / pixels
    # As in `models.grid`, one pixel lies at 0.
    span = max(pixels - 1, 1)
    return first / span, last / span


def pixels(
    model: torch.nn.Module, recipe: Recipe, shape: tuple[int, int], zoom_level: int, row: int, column: int
) -> NDArray[np.float32]:
    """Return a tile as (256, 256, C) sRGB in [0, 1]."""
    where = region(recipe, shape, zoom_level, row, column)
    return zoom.paint(model, recipe, (SIDE, SIDE), where)


def png(
    model: torch.nn.Module, recipe: Recipe, shape: tuple[int, int], zoom_level: int, row: int, column: int
) -> bytes:
    """Return a tile as PNG. From `FINE_ZOOM` on, the caller passes the model in float64."""
    buffer = io.BytesIO()
    painted = images.as_image(pixels(model, recipe, shape, zoom_level, row, column))
    painted.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
