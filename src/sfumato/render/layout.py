"""Where everything in a film is: the picture above, a band with labels below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from sfumato.errors import PictureError

SHORTEST = 320
"""A picture whose longer side has fewer pixels is enlarged by a whole factor until it has as many."""
LONGEST = 4096
"""A picture whose longer side has more is made smaller: few players decode more."""
NARROWEST = 240
"""The least width of a film: the labels fit."""


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to its right."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row under it."""
        return self.top + self.height


@dataclass(frozen=True)
class Layout:
    """A film's measures in pixels."""

    width: int
    """Even, as H.264 asks."""
    height: int
    """Even too."""
    base: tuple[int, int]
    """(width, height) at which paintings are drawn before they are enlarged."""
    factor: int
    """How often each pixel is repeated, along either side."""
    picture: Box
    """Starts on even pixels, because video keeps one hue for 2 x 2."""
    strip: Box
    labels: Box
    """One line of text; the strip is inside it when `one_line`."""
    one_line: bool
    title: Box | None
    text: int
    """Size of the labels' type."""


def plan(size: tuple[int, int], *, title: bool = False) -> Layout:
    """Lay out a film of a picture of `size` (width, height). Raises PictureError if a side is not positive."""
    if min(size) < 1:
        raise PictureError(f"The size of a film's picture must be at least 1 x 1. Got {size[0]} x {size[1]}.")
    shrink = min(1.0, LONGEST / max(size))
    base = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    factor = max(1, math.ceil(SHORTEST / max(base)))
    wide, high = base[0] * factor, base[1] * factor
    film = _even(max(wide, NARROWEST))
    picture = Box((film - wide) // 4 * 2, 0, wide, high)

    # A band as high as the picture would be all that one sees of a panorama: one line is enough there.
    one_line = high < 0.4 * film
    text = round(0.018 * film + 9.5)
    if one_line:
        text = max(14, min(text, round(0.35 * high), film // 22))
    margin = round(0.8 * text)
    inner = film - 2 * margin
    top = _even(high) + round(0.75 * text)
    caption = None
    if title:
        caption = Box(margin, top, inner, round(1.1 * text))
        top = caption.bottom + round(0.45 * text)
    if one_line:
        labels = Box(margin, top, inner, round(1.5 * text))
        side = round(6.8 * text)
        strip = Box(margin + side, top, inner - 2 * side, labels.height)
    else:
        # Wider by its dot at either end, so that its line is as wide as the labels.
        dot = round(0.3 * text)
        strip = Box(margin - dot, top, inner + 2 * dot, round(2.4 * text))
        labels = Box(margin, strip.bottom + round(0.45 * text), inner, round(1.2 * text))
    height = _even(labels.bottom + round(0.75 * text))
    return Layout(film, height, base, factor, picture, strip, labels, one_line, caption, text)


def _even(length: int) -> int:
    return length + length % 2
