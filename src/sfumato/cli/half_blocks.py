"""A painting in the terminal: each character cell shows two pixels, one above the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style

from sfumato import images

UPPER_HALF = "▀"


def cells(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """(rows, columns) of pixels, an even number of rows, of a picture of ``size`` (H, W) in so many character cells."""
    scale = min(width / size[1], 2 * height / size[0])
    return max(2, 2 * round(size[0] * scale / 2)), max(2, round(size[1] * scale))


def drawn(painting: NDArray[np.floating]) -> Segments:
    """(rows, columns, C) in any range, an even number of rows -> colored characters, two rows a line."""
    pixels = images.to_uint8(painting)[:, :, :3]
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    segments: list[Segment] = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))
            segments.append(Segment(UPPER_HALF, style))
        segments.append(Segment.line())
    return Segments(segments)
