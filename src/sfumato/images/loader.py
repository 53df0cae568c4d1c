"""Loading of the recipe's picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images import array as given_picture
from sfumato.images import channels, decode, planes, resize, samples, source
from sfumato.images.channels import PictureSettings
from sfumato.images.picture_errors import picture_error
from sfumato.images.values import blocks, srgb_to_linear
from sfumato.log import LOG

MAX_VALUES = 128_000_000
"""Largest number of pixels times channels of a picture: 512 MB in float32."""


def load(section: PictureSettings, given: object = None) -> NDArray[np.float32]:
    """Load the picture that ``section`` describes: (H, W, C) in [0, 1], C = 1 gray, 3 RGB or 4 RGBA, C-contiguous.

    ``given``, an image of Pillow, an array, a tensor or nested lists, replaces the file: an image is loaded as its file
    would be, an array as a file without color profile and EXIF data.

    In order: the file is decoded (of an animation the first frame) and oriented by its EXIF data; its color profile is
    converted to sRGB (``color_management``) or ignored, as always for the sample ``mona-lisa``; the picture is resized
    (``size``, then ``max_side``); its channels are converted; ``transfer="linear"`` converts its colors from sRGB to
    linear light. With ``channels="auto"``, a picture that is not opaque becomes RGBA. Where ``channels`` excludes
    alpha, the picture is composited over white with ``color_management``, and its alpha is dropped without.

    8-bit values that need none of this are exactly float32(k/255), 16-bit grays float32(k/65535).

    Raises PictureError with one line for a file that is missing, not regular, empty, over 200 MB, or damaged, and for a
    picture of over 64 million pixels, under 2 pixels on a side, or too large to learn. Needs less than 1 GiB.
    """
    name = section.source if given is None else given_picture.name_of(given)
    managed = section.color_management and (given is not None or name not in samples.RAW_SAMPLES)
    try:
        # Large objects are freed as soon as they are converted: no name here refers to the file or the image.
        stored = (
            planes.from_decoded(decode.decoded(source.read(name), name), name, managed=managed)
            if given is None
            else given_picture.from_memory(given, managed=managed)
        )
        count = channels.count(section.channels, stored)
        if count != 4 and (stored.opaque or not managed):
            stored = stored.without_alpha()
        rows, columns = stored.colors[0].shape
        width, height = resize.target_size(columns, rows, section.width_height, section.max_side)
        _check_size((columns, rows), (width, height), max(count, len(stored.all)), name)
        if (width, height) != (columns, rows) and section.has_default_limit:
            LOG.info(
                f"picture of {columns}x{rows} is learned at {width}x{height}; --picture.max-side none learns all of it"
            )
        values = resize.to_floats(stored, width, height)
        del stored
        picture = channels.converted(values, count)
    except MemoryError:
        raise picture_error(name, *decode.TOO_BIG_FOR_MEMORY) from None
    if section.transfer == "linear":
        colors = picture[:, :, :3]
        for block in blocks(height, width * 3):
            colors[block] = srgb_to_linear(colors[block])
    return picture


def _check_size(stored: tuple[int, int], size: tuple[int, int], count: int, name: str) -> None:
    """Raise PictureError unless a picture stored as (width, height) ``stored`` can be learned at ``size``."""
    width, height = size
    if width < 2 or height < 2:
        # Along a side of one pixel all coordinates are equal.
        wanted = f"{max(2, stored[0])}x{max(2, stored[1])}"
        found = f"which has {stored[0]}x{stored[1]}" if stored == size else f"which would be {width}x{height}"
        remedy = f"resize it with picture.size, such as {wanted}"
        if max(stored) == 1:
            remedy = "a single pixel has nothing to learn: take another picture"
        raise picture_error(name, "a picture of at least 2x2 pixels", found, remedy)
    if (values := width * height * count) > MAX_VALUES:
        side = int(max(width, height) * math.sqrt(MAX_VALUES / values))
        raise PictureError(
            f"The picture to learn must have at most {MAX_VALUES:,} values. Got {width} x {height} pixels x {count} "
            f"channels = {values:,}; set picture.max_side to {side} or less."
        )
