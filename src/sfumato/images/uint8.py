"""Conversion of pictures and paintings to bytes and to images of Pillow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import PictureError
from sfumato.images.blocks import blocks


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
