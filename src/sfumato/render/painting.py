"""Writing pictures and paintings, and comparing them by error maps and side by side."""

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

LARGEST_ERROR = 0.25
"""Absolute error from which on the lightest color is drawn; pixel values are in [0, 1]."""


def write_png(path: Path, picture: NDArray[np.floating]) -> None:
    """Write a PNG to `path`, whatever its suffix, with 8 bits per channel.

    picture: (H, W, C), C = 1 gray, 3 RGB, 4 RGBA; values outside [0, 1] are clipped, nan is written as 0.
    Raises PictureError for any other shape; OSError if the file cannot be written.
    """
    images.as_image(checked(picture, "picture")).save(path, format="PNG", optimize=True)


def error_map(
    target: NDArray[np.floating], painting: NDArray[np.floating], *, largest: float = LARGEST_ERROR
) -> NDArray[np.float32]:
    """Return the absolute error of each pixel as a color: (H, W, 3) float32 in [0, 1].

    That is `absolute_error`, drawn by `error_colors`. Raises PictureError unless both have one shape (H, W, C);
    ValueError for `largest`.
    """
    if not largest > 0:
        raise ValueError(f"The largest parameter of error_map must be above 0. Got {largest}.")
    return error_colors(absolute_error(target, painting), largest)


def absolute_error(target: NDArray[np.floating], painting: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the absolute error (H, W), averaged over the channels after both pictures are clipped to [0, 1].

    Raises PictureError unless both have one shape (H, W, C).
    """
    expected, painted = checked(target, "target"), checked(painting)
    if expected.shape != painted.shape:
        raise PictureError(f"The painting must have the target's shape {expected.shape}. Got {painted.shape}.")
    return np.abs(np.clip(expected, 0, 1) - np.clip(painted, 0, 1)).mean(axis=2)


def error_colors(error: NDArray[np.floating], largest: float = LARGEST_ERROR) -> NDArray[np.float32]:
    """Map errors (H, W), 0 or more, to colors (H, W, 3) in [0, 1] by Matplotlib's colormap magma.

    The colormap is perceptually uniform: equal differences of error look equally large. 0 is nearly black; `largest`,
    above 0, and all larger errors have the lightest color.
    """
    colors = matplotlib().colormaps["magma"](np.minimum(error / largest, 1.0))
    return np.asarray(colors, np.float32)[:, :, :3]


def side_by_side(pictures: Sequence[NDArray[np.floating]], gap: int = 8) -> NDArray[np.float32]:
    """Return the pictures in one row, (H, sum of widths and gaps, 3), or with 4 channels if one of them has 4.

    pictures: at least one, each (H, W, C), of equal height; gray becomes RGB. gap: columns between two pictures, in the
    color of a film's band. Raises PictureError if there is none, the heights differ, or a shape is wrong; ValueError
    if the gap is negative.
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
    """Return target, painting, and `error_map` in one row, (H, 3 W + 2 gap, 3 or 4 channels) float32.

    A painting of another size is first resampled to the target's. Raises as `error_map` and `side_by_side` do.
    """
    expected, painted = checked(target, "target"), checked(painting)
    if painted.shape[:2] != expected.shape[:2]:
        painted = resampled(painted, (expected.shape[1], expected.shape[0]))
    return side_by_side([expected, painted, error_map(expected, painted, largest=largest)], gap)


def _with_channels(picture: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    if picture.shape[2] < channels:
        picture = np.concatenate([picture, np.ones_like(picture[:, :, :1])], axis=2)
    return picture
