"""The colors and the type of a film's label band."""

from __future__ import annotations

import functools

from PIL import ImageFont

Color = tuple[int, int, int]

BACKGROUND: Color = (20, 21, 24)
TEXT: Color = (236, 233, 226)
QUIET: Color = (142, 145, 152)
FAINT: Color = (92, 95, 102)
# Light as well as warm: video keeps brightness at every pixel and hue only at every fourth.
ACCENT: Color = (246, 190, 92)


@functools.lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own typeface at `size` pixels; its digits are all as wide as each other."""
    face = ImageFont.load_default(size)
    assert isinstance(face, ImageFont.FreeTypeFont), "Pillow without FreeType has no scalable typeface"
    return face


def width(text: str, size: int) -> float:
    """How wide the text is, in pixels."""
    return font(size).getlength(text)


def shortened(text: str, size: int, room: float) -> str:
    """The text, its end cut to an ellipsis where it is wider than `room` pixels."""
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""
