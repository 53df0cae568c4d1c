"""Values of pictures: bytes, exact float64, sRGB and linear light, their hash, and blocks of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import PictureError

_NUMBERS = 1_000_000

_ROUNDING = 2.0**-23
"""Spacing of float32 just above 1: more than the rounding error of k/255 in float32."""


def blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    """Yield slices that cover ``rows`` rows in order, each of at most about a million numbers and at least one row."""
    step = max(1, _NUMBERS // max(1, numbers_per_row))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


Floats = TypeVar("Floats", bound=np.floating)


def srgb_to_linear(values: NDArray[Floats]) -> NDArray[Floats]:
    """Convert sRGB values to linear light, both 1 at white, in the array's data type; any shape.

    For colors only: alpha is linear already. Outside [0, 1] both pieces of the curve are extrapolated.
    """
    # The argument is clamped to the domain of the power: a negative base would give NaN and a warning.
    curve = ((np.maximum(values, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(values <= 0.04045, values / 12.92, curve)


def linear_to_srgb(values: NDArray[Floats]) -> NDArray[Floats]:
    """Convert linear light to sRGB values, the inverse of `srgb_to_linear`; any shape."""
    curve = 1.055 * np.maximum(values, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(values <= 0.0031308, values * 12.92, curve)


def to_srgb(values: NDArray[np.floating], transfer: Literal["srgb", "linear"]) -> NDArray[np.float32]:
    """Convert learned values (..., C) with the transfer function ``transfer`` to sRGB clipped to [0, 1].

    NaN remains NaN.
    """
    clipped = np.clip(values, 0, 1).astype(np.float32)
    if transfer == "linear":
        # For colors only: alpha is linear already.
        clipped[..., :3] = linear_to_srgb(clipped[..., :3])
    return clipped


def exact(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the picture in float64, with the same shape.

    Where every value is k/255 rounded to float32, the result is exactly k/255 in float64, as in a program that divides
    bytes in float64; likewise for k/65535; otherwise it is a plain cast.
    """
    values = picture.astype(np.float64)
    parts = list(blocks(len(values), values[0].size)) if values.size else []
    for steps in (255, 65535):
        # In parts, because copies of a whole large picture would dominate the memory.
        if all(np.all(np.abs(values[part] - _nearest(values[part], steps)) <= _ROUNDING) for part in parts):
            for part in parts:
                values[part] = _nearest(values[part], steps)
            return values
    return values


def _nearest(values: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    return np.rint(values * steps) / steps


def to_uint8(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Convert values in [0, 1] to 0..255, rounded after clipping, with the same shape; NaN becomes 0."""
    result = np.empty(picture.shape, np.uint8)
    for block in blocks(len(picture), picture[0].size if len(picture) else 1):
        # A network that diverges outputs NaN, whose conversion to a byte is undefined and warns.
        clipped = np.clip(np.nan_to_num(picture[block], nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
        result[block] = np.rint(clipped * 255)
    return result


def as_image(picture: NDArray[np.floating]) -> Image.Image:
    """Convert (H, W, C) to an image of mode L, RGB or RGBA through `to_uint8`. Raises PictureError for other shapes."""
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4):
        raise PictureError(f"a picture must have shape (H, W, C) with 1, 3 or 4 channels. Got {picture.shape}.")
    values = to_uint8(picture)
    return Image.fromarray(values[:, :, 0] if values.shape[2] == 1 else values)


def sha256(picture: NDArray[np.floating]) -> str:
    """Return the SHA-256 of the shape, as little-endian int64, and the values, as little-endian float32.

    The 64 hexadecimal digits are the same on every machine, for any memory layout of (H, W, C).
    """
    digest = hashlib.sha256(np.asarray(picture.shape, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(picture, dtype="<f4").data)
    return digest.hexdigest()
