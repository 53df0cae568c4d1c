"""Gray, RGB and RGBA into one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.images.blocks import blocks
from sfumato.images.planes import Planes
from sfumato.images.settings import Channels

_COUNTS: dict[Channels, int] = {"gray": 1, "rgb": 3, "rgba": 4}


def count(channels: Channels, planes: Planes) -> int:
    """How many channels a picture gets; auto follows the file: RGBA where something shows through, gray where it is."""
    if channels != "auto":
        return _COUNTS[channels]
    if not planes.opaque:
        return 4
    return len(planes.colors)


def converted(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(H, W, 1 gray, 2 gray and alpha, 3 RGB or 4 RGBA) in [0, 1] to (H, W, ``count``), 1, 3 or 4, C-contiguous.

    Where ``count`` has no room for alpha the picture is laid over white, in sRGB values as browsers do. Gray is the
    luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, of sRGB values, as Pillow's is, but not rounded to 8 bits.
    """
    height, width, given = values.shape
    if given == count:
        return values
    result = np.empty((height, width, count), dtype=np.float32)
    for block in blocks(height, width * 4):
        np.clip(_converted(values[block], count), 0, 1, out=result[block])
    return result


def _converted(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    given = values.shape[2]
    colors, alpha = (values[..., :-1], values[..., -1:]) if given in (2, 4) else (values, None)
    if alpha is not None and count != 4:
        colors = colors * alpha + (1 - alpha)
    if count == 1 and colors.shape[2] == 3:
        red, green, blue = (colors[..., channel, np.newaxis] for channel in range(3))
        # Written so that a gray of three equal values stays that value.
        return (green + 0.299 * (red - green) + 0.114 * (blue - green)).astype(np.float32)
    if count == 1:
        return colors
    colors = np.broadcast_to(colors, (*colors.shape[:2], 3))
    if count == 3:
        return colors
    return np.concatenate([colors, np.ones_like(values[..., :1]) if alpha is None else alpha], axis=2)
