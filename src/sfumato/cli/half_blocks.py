"""Paintings in a terminal: each character cell shows two pixels, one above the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style

from sfumato import images

UPPER_HALF = "▀"


def fit_pixels(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return the (rows, columns) of pixels, rows even, of a picture of ``size`` (H, W) in width x height cells."""
    scale = min(width / size[1], 2 * height / size[0])
    return max(2, 2 * round(size[0] * scale / 2)), max(2, round(size[1] * scale))


def to_segments(painting: NDArray[np.floating]) -> Segments:
    """Return a painting (rows, columns, C), rows even, as colored characters, two rows of pixels per line.

    Values outside [0, 1] are clipped.
    """
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
