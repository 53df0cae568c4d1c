"""Pictures and paintings as bytes, and as Pillow's images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import PictureError
from sfumato.images.blocks import blocks


def to_uint8(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values in [0, 1] to 0..255, rounded after clipping, same shape; NaN becomes 0."""
    result = np.empty(picture.shape, np.uint8)
    for block in blocks(len(picture), picture[0].size if len(picture) else 1):
        # A network that diverges paints NaN, which has no meaning as a byte: converting it warns.
        clipped = np.clip(np.nan_to_num(picture[block], nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
        result[block] = np.rint(clipped * 255)
    return result


def as_image(picture: NDArray[np.floating]) -> Image.Image:
    """(H, W, C) as an image of mode L, RGB or RGBA, through `to_uint8`. Raises PictureError for other shapes."""
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4):
        raise PictureError(f"A picture must be (height, width, 1, 3 or 4 channels). Got shape {picture.shape} instead.")
    values = to_uint8(picture)
    return Image.fromarray(values[:, :, 0] if values.shape[2] == 1 else values)
