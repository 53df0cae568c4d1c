"""Pictures and paintings as files, and side by side to compare them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import PictureError
from sfumato.render import theme
from sfumato.render.pixels import checked, resampled
from sfumato.render.plotting import matplotlib


def write_png(path: Path, picture: NDArray[np.floating]) -> None:
    """Write a PNG to `path`, whatever its suffix, 8 bits a channel.

    picture: (H, W, C), C = 1 gray, 3 RGB, 4 RGBA; values outside [0, 1] are clipped, nan is written as 0.
    Raises PictureError for any other shape; OSError if the file cannot be written.
    """
    images.as_image(checked(picture, "picture")).save(path, format="PNG", optimize=True)


LARGEST_ERROR = 0.25
"""Absolute error, of 1, that is drawn as the lightest color; what is larger too."""


def error_map(
    target: NDArray[np.floating], painting: NDArray[np.floating], *, largest: float = LARGEST_ERROR
) -> NDArray[np.float32]:
    """How far the painting is off at each pixel, as colors: (H, W, 3) float32 in [0, 1].

    `absolute_error` in `error_colors`. Raises PictureError unless both have one shape (H, W, C); ValueError for
    `largest`.
    """
    if not largest > 0:
        raise ValueError(f"The largest parameter of error_map must be above 0. Got {largest}.")
    return error_colors(absolute_error(target, painting), largest)


def absolute_error(target: NDArray[np.floating], painting: NDArray[np.floating]) -> NDArray[np.float32]:
    """(H, W): the absolute error, its mean over the channels after both are clipped to [0, 1].

    Raises PictureError unless both have one shape (H, W, C).
    """
    wanted, got = checked(target, "target"), checked(painting)
    if wanted.shape != got.shape:
        raise PictureError(f"The painting must have the target's shape {wanted.shape}. Got {got.shape}.")
    return np.abs(np.clip(wanted, 0, 1) - np.clip(got, 0, 1)).mean(axis=2)


def error_colors(error: NDArray[np.floating], largest: float = LARGEST_ERROR) -> NDArray[np.float32]:
    """(H, W) errors, 0 or more, as (H, W, 3) in [0, 1]: Matplotlib's magma.

    It is perceptually uniform: equal steps of error look equally large. 0 is nearly black; `largest`, above 0, and all
    beyond is the lightest.
    """
    colors = matplotlib().colormaps["magma"](np.minimum(error / largest, 1.0))
    return np.asarray(colors, np.float32)[:, :, :3]


def side_by_side(pictures: Sequence[NDArray[np.floating]], gap: int = 8) -> NDArray[np.float32]:
    """The pictures in one row, (H, sum of widths and gaps, 3), or 4 channels where one of them has 4.

    pictures: at least one, each (H, W, C), of one height; gray becomes RGB. gap: columns between two, in the color
    of a film's band. Raises PictureError if there is none, the heights differ or a shape is wrong; ValueError if
    the gap is negative.
    """
    if gap < 0:
        raise ValueError(f"The gap parameter of side_by_side must be 0 or more. Got {gap}.")
    parts = [checked(picture, "picture") for picture in pictures]
    if len({part.shape[0] for part in parts}) != 1:
        heights = ", ".join(str(part.shape[0]) for part in parts) or "no picture"
        raise PictureError(f"Pictures side by side must be at least one, of one height. Got {heights}.")
    channels = max(3, *(part.shape[2] for part in parts))
    between = np.ones((parts[0].shape[0], gap, channels), np.float32)
    between[:, :, :3] = np.array(theme.BACKGROUND, np.float32) / 255
    row: list[NDArray[np.float32]] = []
    for part in parts:
        row += [between, _with_channels(part, channels)]
    return np.concatenate(row[1:], axis=1)


def composite(
    target: NDArray[np.floating], painting: NDArray[np.floating], *, largest: float = 0.25, gap: int = 8
) -> NDArray[np.float32]:
    """Target, painting and `error_map` in one row, (H, 3 W + 2 gap, 3 or 4 channels) float32.

    A painting of another size is resampled to the target's first. Raises as `error_map` and `side_by_side` do.
    """
    wanted, got = checked(target, "target"), checked(painting)
    if got.shape[:2] != wanted.shape[:2]:
        got = resampled(got, (wanted.shape[1], wanted.shape[0]))
    return side_by_side([wanted, got, error_map(wanted, got, largest=largest)], gap)


def _with_channels(picture: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    if picture.shape[2] < channels:
        picture = np.concatenate([picture, np.ones_like(picture[:, :, :1])], axis=2)
    return picture
