"""Planes of numbers to one float array, at their own size or another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.images.blocks import blocks
from sfumato.images.planes import Plane, Planes

_INVISIBLE = 1 / 510
"""Alpha below which 8 bits would round it to 0: there is no color left to recover."""


def target_size(width: int, height: int, size: tuple[int, int] | None, max_side: int | None) -> tuple[int, int]:
    """The (width, height) in pixels that a picture gets: exactly ``size``, then shrunk to ``max_side``, never grown.

    The shorter side keeps two pixels where it has as many: with one a picture could not be learned.
    """
    width, height = size or (width, height)
    longer = max(width, height)
    if max_side is None or longer <= max_side:
        return width, height
    shrunk = (max(round(side * max_side / longer), min(side, 2)) for side in (width, height))
    return next(shrunk), next(shrunk)


def to_floats(planes: Planes, width: int, height: int) -> NDArray[np.float32]:
    """(height, width, planes) in [0, 1], C-contiguous.

    At their own size the values stay as they are: k becomes float32(k/255). Otherwise they are resampled with Lanczos
    (a = 3) by Pillow, in float32 also where the file has 8 bits, and clipped: neither rounded to 255 levels nor clipped
    between the two directions. Colors are weighted with alpha meanwhile, so that those of invisible pixels do not
    bleed into their neighbors.
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
        _unweight(values)
    return np.clip(values, 0, 1, out=values)


def unit(plane: Plane) -> NDArray[np.float32]:
    """A plane in [0, 1]."""
    if plane.dtype == np.uint8:
        # Both are whole numbers that float32 holds, so that their quotient is rounded once.
        return plane.astype(np.float32) / np.float32(255)
    return plane.astype(np.float32, copy=False)


def _resample(plane: Plane, weight: Plane | None, result: NDArray[np.float32]) -> None:
    """Fill ``result`` (h, w) from ``plane`` (H, W), multiplied with ``weight``: one direction, then the other."""
    (rows, columns), (height, width) = plane.shape, result.shape
    if width * rows > columns * height:
        # The direction that leaves fewer numbers goes first: 2 x 32 million pixels must not become 64 million wide.
        _resample(plane.T, None if weight is None else weight.T, result.T)
        return
    narrowed = np.empty((rows, width), dtype=np.float32)
    for block in blocks(rows, columns):
        part = unit(plane[block])
        narrowed[block] = _lanczos(part if weight is None else part * unit(weight[block]), width, len(part))
    for block in blocks(width, max(rows, height)):
        part = narrowed[:, block]
        result[:, block] = _lanczos(part, part.shape[1], height)


def _lanczos(part: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(part))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def _unweight(values: NDArray[np.float32]) -> None:
    for block in blocks(*_rows_of(values)):
        part = values[block]
        alpha = part[:, :, -1:]
        visible = alpha >= _INVISIBLE
        part[:, :, :-1] = np.where(visible, part[:, :, :-1] / np.where(visible, alpha, 1), 0)


def _rows_of(values: NDArray[np.float32]) -> tuple[int, int]:
    return values.shape[0], values.shape[1] * values.shape[2]
