"""Layout of a film: the picture above, a band with labels below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from sfumato.errors import PictureError

MIN_SIDE = 320
"""A picture whose longer side has fewer pixels is enlarged by an integer factor until it has at least as many."""
MAX_SIDE = 4096
"""A picture whose longer side has more pixels is reduced: few players decode more."""
MIN_WIDTH = 240
"""Smallest width of a film, into which the labels fit."""
MAX_BAND_SHARE = 0.25
"""Share of the height that the band may take in a film of given size; otherwise its labels are in one line, or left
out."""


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row under the box."""
        return self.top + self.height


@dataclass(frozen=True)
class Band:
    """Positions of everything under the picture."""

    captions: Box | None
    title: Box | None
    strip: Box
    labels: Box
    """One line of text; it contains the strip when `one_line`."""
    one_line: bool
    bottom: int
    """The first row under the band."""


@dataclass(frozen=True)
class Layout:
    """Sizes and positions of a film's elements, in pixels."""

    width: int
    height: int
    base: tuple[int, int]
    """(width, height) at which paintings are drawn before they are enlarged and cropped."""
    factor: int
    """Repetitions of each pixel along each side."""
    picture: Box
    """Starts on even pixels, because video stores one chroma sample per 2 x 2 pixels."""
    band: Band | None
    """None if it would leave the picture too little room."""
    text: int
    """Font size of the labels."""


def plan(size: tuple[int, int], *, title: bool = False, captions: bool = False) -> Layout:
    """Lay out a film of a picture of `size` (width, height). The sides of the film are even, as H.264 requires.

    Raises PictureError if a side is not positive.
    """
    _check(size)
    shrink = min(1.0, MAX_SIDE / max(size))
    base = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    factor = max(1, math.ceil(MIN_SIDE / max(base)))
    width, height = base[0] * factor, base[1] * factor
    film_width = _even(max(width, MIN_WIDTH))
    picture = Box((film_width - width) // 4 * 2, 0, width, height)

    # A full band would be as high as a panorama itself, so there the band has one line.
    one_line = height < 0.4 * film_width
    text = round(0.018 * film_width + 9.5)
    if one_line:
        text = max(14, min(text, round(0.35 * height), film_width // 22))
    band = _band(film_width, _even(height), text, one_line=one_line, title=title, captions=captions)
    return Layout(film_width, _even(band.bottom), base, factor, picture, band, text)


def plan_within(
    film: tuple[int, int], size: tuple[float, float], *, crop: bool = False, title: bool = False, captions: bool = False
) -> Layout:
    """Lay out a film of exactly the size `film` (width, height), of a picture with the aspect ratio of `size`.

    The picture is as large as fits, centered in the room above the band. With `crop` it fills that room, and two of
    its sides are cut off. Raises PictureError if a side is not positive.
    """
    _check(size)
    _check(film)
    width, height = film
    text = round(0.018 * min(width, 1.2 * height) + 9.5)
    band, room = None, height
    # One line needs room for the strip beside the labels.
    for one_line in (False, True) if width >= MIN_WIDTH else ():
        band_height = _band(width, 0, text, one_line=one_line, title=title, captions=captions).bottom
        if band_height <= MAX_BAND_SHARE * height and not (one_line and width < 22 * text):
            room = height - band_height
            band = _band(width, room, text, one_line=one_line, title=title, captions=captions)
            break
    scales = (width / size[0], room / size[1])
    scale = max(scales) if crop else min(scales)
    base = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    visible_width, visible_height = min(base[0], width), min(base[1], room)
    left, top = (width - visible_width) // 4 * 2, (room - visible_height) // 4 * 2
    picture = Box(left, top, visible_width, visible_height)
    return Layout(width, height, base, 1, picture, band, text)


def _check(size: tuple[float, float]) -> None:
    if min(size) < 1:
        raise PictureError(f"The size of a film's picture must be at least 1 x 1. Got {size[0]:g} x {size[1]:g}.")


def _band(film_width: int, top: int, text: int, *, one_line: bool, title: bool, captions: bool) -> Band:
    margin = round(0.8 * text)
    inner = film_width - 2 * margin
    caption_box = None
    if captions:
        caption_box = Box(0, top + round(0.3 * text), film_width, round(1.1 * text))
        top = caption_box.bottom
    top += round(0.75 * text)
    title_box = None
    if title:
        title_box = Box(margin, top, inner, round(1.1 * text))
        top = title_box.bottom + round(0.45 * text)
    if one_line:
        labels = Box(margin, top, inner, round(1.5 * text))
        side = round(6.8 * text)
        strip = Box(margin + side, top, inner - 2 * side, labels.height)
    else:
        # The strip is wider by its dot at each end, so that its line is as wide as the labels.
        dot = round(0.3 * text)
        strip = Box(margin - dot, top, inner + 2 * dot, round(2.4 * text))
        labels = Box(margin, strip.bottom + round(0.45 * text), inner, round(1.2 * text))
    return Band(caption_box, title_box, strip, labels, one_line, labels.bottom + round(0.75 * text))


def _even(length: int) -> int:
    return length + length % 2
