"""Colors and fonts of a film's band."""

from __future__ import annotations

import functools

from PIL import ImageFont

Color = tuple[int, int, int]

BACKGROUND: Color = (20, 21, 24)
TEXT: Color = (236, 233, 226)
SECONDARY: Color = (142, 145, 152)
FAINT: Color = (92, 95, 102)
# A light color, since video stores luma for every pixel and chroma only for every fourth.
ACCENT: Color = (246, 190, 92)


@functools.lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's default font at `size` pixels, in which all digits have one width."""
    result = ImageFont.load_default(size)
    assert isinstance(result, ImageFont.FreeTypeFont), "Pillow without FreeType has no scalable font"
    return result


def width(text: str, size: int) -> float:
    """Return the width of the text in pixels."""
    return font(size).getlength(text)


def shortened(text: str, size: int, max_width: float) -> str:
    """Return the text, truncated with an ellipsis if it is wider than `max_width` pixels."""
    if width(text, size) <= max_width:
        return text
    while text and width(text + "…", size) > max_width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""
