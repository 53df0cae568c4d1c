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
LARGEST_BAND = 0.25
"""Of the height of a film whose size is given: a smaller one has its labels in one line, or none."""


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
class Band:
    """What is under the picture."""

    captions: Box | None
    title: Box | None
    strip: Box
    labels: Box
    """One line of text; the strip is inside it when `one_line`."""
    one_line: bool
    bottom: int
    """The first row under it all."""


@dataclass(frozen=True)
class Layout:
    """A film's measures in pixels."""

    width: int
    height: int
    base: tuple[int, int]
    """(width, height) at which paintings are drawn before they are enlarged, and before what is too much is cut off."""
    factor: int
    """How often each pixel is repeated, along either side."""
    picture: Box
    """Starts on even pixels, because video keeps one hue for 2 x 2."""
    band: Band | None
    """None where it would leave the picture too little room."""
    text: int
    """Size of the labels' type."""


def plan(size: tuple[int, int], *, title: bool = False, captions: bool = False) -> Layout:
    """Lay out a film of a picture of `size` (width, height); its own sides are even, as H.264 asks.

    Raises PictureError if a side is not positive.
    """
    _check(size)
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
    band = _band(film, _even(high), text, one_line=one_line, title=title, captions=captions)
    return Layout(film, _even(band.bottom), base, factor, picture, band, text)


def plan_within(
    film: tuple[int, int], size: tuple[float, float], *, crop: bool = False, title: bool = False, captions: bool = False
) -> Layout:
    """Lay out a film of exactly the size `film` (width, height), of a picture as high to its width as `size`.

    The picture is as large as fits, in the middle of what the band leaves; with `crop` it fills that, and what is too
    much of it is cut off on two sides. Raises PictureError if a side is not positive.
    """
    _check(size)
    _check(film)
    width, height = film
    text = round(0.018 * min(width, 1.2 * height) + 9.5)
    band, room = None, height
    # In one line there must be room for the strip beside the labels.
    for one_line in (False, True) if width >= NARROWEST else ():
        high = _band(width, 0, text, one_line=one_line, title=title, captions=captions).bottom
        if high <= LARGEST_BAND * height and not (one_line and width < 22 * text):
            room = height - high
            band = _band(width, room, text, one_line=one_line, title=title, captions=captions)
            break
    scales = (width / size[0], room / size[1])
    scale = max(scales) if crop else min(scales)
    base = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    wide, high = min(base[0], width), min(base[1], room)
    picture = Box((width - wide) // 4 * 2, (room - high) // 4 * 2, wide, high)
    return Layout(width, height, base, 1, picture, band, text)


def _check(size: tuple[float, float]) -> None:
    if min(size) < 1:
        raise PictureError(f"The size of a film's picture must be at least 1 x 1. Got {size[0]:g} x {size[1]:g}.")


def _band(film: int, top: int, text: int, *, one_line: bool, title: bool, captions: bool) -> Band:
    margin = round(0.8 * text)
    inner = film - 2 * margin
    below = None
    if captions:
        below = Box(0, top + round(0.3 * text), film, round(1.1 * text))
        top = below.bottom
    top += round(0.75 * text)
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
    return Band(below, caption, strip, labels, one_line, labels.bottom + round(0.75 * text))


def _even(length: int) -> int:
    return length + length % 2
