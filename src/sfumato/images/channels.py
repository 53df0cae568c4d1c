"""The settings for loading a picture, and conversions between gray, RGB and RGBA.

The recipe package is not imported here, which halves the start-up time of a process that only decodes a file.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sfumato.images.planes import Planes
from sfumato.images.values import blocks

Channels: TypeAlias = Literal["auto", "gray", "rgb", "rgba"]

_COUNTS: dict[Channels, int] = {"gray": 1, "rgb": 3, "rgba": 4}


class PictureSettings(Protocol):
    """Attributes of `recipe.Picture`, where each is described."""

    @property
    def source(self) -> str:
        """File, or name of a sample."""
        ...

    @property
    def width_height(self) -> tuple[int, int] | None:
        """Exact size in pixels, if any."""
        ...

    @property
    def max_side(self) -> int | None:
        """Largest length of the longer side in pixels."""
        ...

    @property
    def has_default_limit(self) -> bool:
        """Whether ``max_side`` has its default value, so that shrinking a picture is logged."""
        ...

    @property
    def channels(self) -> Channels:
        """Channels of the result."""
        ...

    @property
    def transfer(self) -> Literal["srgb", "linear"]:
        """Transfer function of the result."""
        ...

    @property
    def color_management(self) -> bool:
        """Whether an embedded profile is converted."""
        ...


def count(channels: Channels, planes: Planes) -> int:
    """Return the number of channels of a picture; auto follows the file: RGBA unless it is opaque, else gray or RGB."""
    if channels != "auto":
        return _COUNTS[channels]
    if not planes.opaque:
        return 4
    return len(planes.colors)


def converted(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Convert (H, W, C) in [0, 1] with C = 1 gray, 2 gray and alpha, 3 RGB or 4 RGBA to (H, W, ``count``).

    ``count`` is 1, 3 or 4, and the result is C-contiguous. Without alpha in the result the picture is composited over
    white, in sRGB values as browsers do. Gray is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, of sRGB values,
    as in Pillow, but not rounded to 8 bits.
    """
    height, width, channels = values.shape
    if channels == count:
        return values
    result = np.empty((height, width, count), dtype=np.float32)
    for block in blocks(height, width * 4):
        np.clip(_converted(values[block], count), 0, 1, out=result[block])
    return result


def _converted(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    colors, alpha = (values[..., :-1], values[..., -1:]) if values.shape[2] in (2, 4) else (values, None)
    if alpha is not None and count != 4:
        colors = colors * alpha + (1 - alpha)
    if count == 1 and colors.shape[2] == 3:
        red, green, blue = (colors[..., channel, np.newaxis] for channel in range(3))
        # Written so that three equal values give exactly that gray.
        return (green + 0.299 * (red - green) + 0.114 * (blue - green)).astype(np.float32)
    if count == 1:
        return colors
    colors = np.broadcast_to(colors, (*colors.shape[:2], 3))
    if count == 3:
        return colors
    return np.concatenate([colors, np.ones_like(values[..., :1]) if alpha is None else alpha], axis=2)
