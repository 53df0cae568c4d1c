"""Pictures as data URIs, as large and as exact as their share of the page allows."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

LONGEST_SIDE = 4096
"""Longest side in pixels: screens show no more."""

FEWEST_BYTES_PER_PIXEL = 0.04
"""Fewest bytes per pixel of a lossy picture: fewer would blur it. Where there is less room, pictures are made smaller.
"""

QUALITIES = (92, 82, 70)

SMALLER = 0.8


@dataclass(frozen=True)
class Encoding:
    """Scale and quality of pictures: the same for all of a set, so that they can be compared."""

    scale: float
    quality: int | None
    """Quality of a lossy WebP; None: lossless."""


def room_for(count: int, size: tuple[int, int], budget: int) -> tuple[int, int]:
    """Return the (width, height) at which ``count`` pictures of ``size`` fit into ``budget`` characters, roughly."""
    width, height = size
    pixels = budget * 3 / 4 / FEWEST_BYTES_PER_PIXEL / max(count, 1)
    scale = min(1.0, LONGEST_SIDE / max(size), math.sqrt(pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def fitted(images: Sequence[Image.Image], budget: int) -> tuple[list[str], Encoding]:
    """Return data URIs of at most ``budget`` characters together, and the first encoding that fits."""
    if not images:
        return [], Encoding(1.0, None)
    for encoding in _encodings():
        if len(_uri(images[0], encoding)) * len(images) > 2 * budget:
            continue
        found = _within((_uri(image, encoding) for image in images), budget)
        if found is not None:
            return found, encoding
    return [""] * len(images), Encoding(0.0, None)


def _encodings() -> Iterator[Encoding]:
    yield Encoding(1.0, None)
    yield from (Encoding(1.0, quality) for quality in QUALITIES)
    for step in range(1, 24):
        yield Encoding(SMALLER**step, QUALITIES[-1])


def _within(uris: Iterable[str], budget: int) -> list[str] | None:
    found: list[str] = []
    for uri in uris:
        found.append(uri)
        budget -= len(uri)
        if budget < 0:
            return None
    return found


def _uri(image: Image.Image, encoding: Encoding) -> str:
    if encoding.scale < 1:
        size = (max(1, round(image.width * encoding.scale)), max(1, round(image.height * encoding.scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    if encoding.quality is None:
        image.save(file, format="WEBP", lossless=True, exact=True, method=4)
    else:
        image.save(file, format="WEBP", quality=encoding.quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
