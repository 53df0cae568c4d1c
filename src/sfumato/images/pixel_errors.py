"""How far a painting is from its picture, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images.blocks import blocks


def mse(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Mean of the squared differences over pixels and channels (alpha counts as one), not clipped, in float64.

    Both (H, W, C). Raises PictureError where the shapes differ.
    """
    return _mean(np.square, painting, picture)


def mae(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Mean of the absolute differences, otherwise like `mse`."""
    return _mean(np.abs, painting, picture)


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB of values whose peak is 1: -10 log10(mse); infinite where mse is 0."""
    return math.inf if mse == 0 else -10 * math.log10(mse)


def _mean(of: np.ufunc, painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    check_same_shape(painting, picture)
    total = 0.0
    for block in blocks(len(picture), picture[0].size if len(picture) else 1):
        difference = np.subtract(painting[block], picture[block], dtype=np.float64)
        total += float(np.sum(of(difference, out=difference)))
    return total / picture.size if picture.size else math.nan


def check_same_shape(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> None:
    """Raise PictureError unless both have one shape: broadcasting would compare gray with RGB unasked."""
    if painting.shape != picture.shape:
        raise PictureError(
            f"The painting must have the picture's shape {picture.shape} to be compared with it. "
            f"Got {painting.shape} instead."
        )
