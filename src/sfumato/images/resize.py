"""Resizing of planes to float arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.images.planes import Plane, Planes
from sfumato.images.values import blocks

_INVISIBLE = 1 / 510
"""Alpha that 8 bits would round to 0: below it no color can be recovered."""


def target_size(width: int, height: int, size: tuple[int, int] | None, max_side: int | None) -> tuple[int, int]:
    """Return the (width, height) of a picture in pixels: ``size`` if given, shrunk to ``max_side``, never enlarged.

    The shorter side is not shrunk below two pixels, because a picture one pixel wide cannot be learned.
    """
    width, height = size or (width, height)
    longer = max(width, height)
    if max_side is None or longer <= max_side:
        return width, height
    shrunk = (max(round(side * max_side / longer), min(side, 2)) for side in (width, height))
    return next(shrunk), next(shrunk)


def to_floats(planes: Planes, width: int, height: int) -> NDArray[np.float32]:
    """Convert planes to (height, width, planes) in [0, 1], C-contiguous.

    At the original size the values are exact: k becomes float32(k/255). Otherwise Pillow resamples them with Lanczos
    (a = 3), in float32 also for 8-bit files, and the result is clipped; values are neither rounded to 255 levels nor
    clipped between the two directions. Colors are premultiplied by alpha for that, so that those of transparent pixels
    do not bleed into their neighbors.
    """
    rows, columns = planes.colors[0].shape
    values = np.empty((height, width, len(planes.all)), dtype=np.float32)
    if (width, height) == (columns, rows):
        for channel, plane in enumerate(planes.all):
            for block in blocks(height, width):
                values[block, :, channel] = unit(plane[block])
        return values
    for channel, plane in enumerate(planes.all):
        weight = planes.alpha if channel < len(planes.colors) else None
        _resample(plane, weight, values[:, :, channel])
    if planes.alpha is not None:
        _unpremultiply(values)
    return np.clip(values, 0, 1, out=values)


def unit(plane: Plane) -> NDArray[np.float32]:
    """Convert a plane to float32 in [0, 1]."""
    if plane.dtype == np.uint8:
        # Both are integers that float32 represents exactly, so that their quotient is rounded once.
        return plane.astype(np.float32) / np.float32(255)
    return plane.astype(np.float32, copy=False)


def _resample(plane: Plane, weight: Plane | None, result: NDArray[np.float32]) -> None:
    """Fill ``result`` (h, w) from ``plane`` (H, W) times ``weight``, one direction after the other."""
    (rows, columns), (height, width) = plane.shape, result.shape
    if width * rows > columns * height:
        # The direction with fewer intermediate values goes first: 2 x 32 million pixels must not get 64 million wide.
        _resample(plane.T, None if weight is None else weight.T, result.T)
        return
    narrowed = np.empty((rows, width), dtype=np.float32)
    for block in blocks(rows, columns):
        values = unit(plane[block])
        narrowed[block] = _lanczos(values if weight is None else values * unit(weight[block]), width, len(values))
    for block in blocks(width, max(rows, height)):
        values = narrowed[:, block]
        result[:, block] = _lanczos(values, values.shape[1], height)


def _lanczos(values: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(values))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def _unpremultiply(values: NDArray[np.float32]) -> None:
    for block in blocks(*_rows_of(values)):
        pixels = values[block]
        alpha = pixels[:, :, -1:]
        visible = alpha >= _INVISIBLE
        pixels[:, :, :-1] = np.where(visible, pixels[:, :, :-1] / np.where(visible, alpha, 1), 0)


def _rows_of(values: NDArray[np.float32]) -> tuple[int, int]:
    return values.shape[0], values.shape[1] * values.shape[2]
