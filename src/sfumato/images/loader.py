"""The recipe's picture, loaded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images import channels, decode, planes, resize, samples, source
from sfumato.images.blocks import blocks
from sfumato.images.colour import srgb_to_linear
from sfumato.images.refusal import refusal
from sfumato.recipe import Picture

MAX_VALUES = 128_000_000
"""Pixels times channels of a picture to learn: 512 MB in float32."""


def load(section: Picture) -> NDArray[np.float32]:
    """The picture that ``section`` asks for: (H, W, C) in [0, 1], C = 1 grey, 3 RGB or 4 RGBA, C-contiguous.

    In order: the file is decoded (of an animation the first frame) and turned as its EXIF data says; its colour profile
    is converted to sRGB (``colour="managed"``) or ignored (``"raw"``, and always for the sample ``mona-lisa``); it is
    resized (``size``, then ``max_side``); its channels are converted; ``light="linear"`` takes its colours from sRGB
    values to linear light. Without a wish for less, alpha that lets something through makes it RGBA. Where ``channels``
    leaves no room for alpha, ``managed`` lays the picture over white and ``raw`` drops the alpha.

    8-bit values that need none of this are exactly float32(k/255), 16-bit greys float32(k/65535).

    Raises PictureError, one line, for whatever is no picture: missing, no regular file, empty, over 200 MB, damaged,
    over 64 million pixels, under 2 pixels on a side, too big to learn. Needs less than 1 GiB.
    """
    name = section.source
    managed = section.colour == "managed" and name not in samples.RAW_SAMPLES
    try:
        # What is big is given up as soon as the next thing is made of it: no name here holds the file or the image.
        stored = planes.from_decoded(decode.decoded(source.read(name), name), name, managed=managed)
        count = channels.count(section.channels, stored)
        if count != 4 and (stored.opaque or not managed):
            stored = stored.without_alpha()
        rows, columns = stored.colours[0].shape
        width, height = resize.target_size(columns, rows, section.width_height, section.max_side)
        _check_size(width, height, max(count, len(stored.all)), section)
        values = resize.to_floats(stored, width, height)
        del stored
        picture = channels.converted(values, count)
    except MemoryError:
        raise refusal(name, *decode.TOO_BIG_FOR_MEMORY) from None
    if section.light == "linear":
        colours = picture[:, :, :3]
        for block in blocks(height, width * 3):
            colours[block] = srgb_to_linear(colours[block])
    return picture


def _check_size(width: int, height: int, count: int, section: Picture) -> None:
    if width < 2 or height < 2:
        # Coordinates divide by the side less one.
        remedy = "set picture.size" if section.max_side is None else "set a larger picture.max_side, or picture.size"
        found = f"which would be {width}x{height}"
        raise refusal(section.source, "a picture of at least 2x2 pixels", found, remedy)
    if (values := width * height * count) > MAX_VALUES:
        side = int(max(width, height) * math.sqrt(MAX_VALUES / values))
        raise PictureError(
            f"The picture to learn must have at most {MAX_VALUES:,} values. Got {width} x {height} pixels x {count} "
            f"channels = {values:,}; set picture.max_side to {side} or less."
        )
