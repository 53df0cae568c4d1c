"""Pixel errors of a painting: MSE, MAE and PSNR."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images.blocks import blocks


def mse(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the mean squared error over pixels and channels (alpha counts as one), not clipped, in float64.

    Both arrays are (H, W, C). Raises PictureError where the shapes differ.
    """
    return _mean(np.square, painting, picture)


def mae(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the mean absolute error, otherwise like `mse`."""
    return _mean(np.abs, painting, picture)


def psnr(mse: float) -> float:
    """Return the peak signal-to-noise ratio in dB for a peak of 1: -10 log10(mse); infinite where mse is 0."""
    return math.inf if mse == 0 else -10 * math.log10(mse)


def _mean(function: np.ufunc, painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    check_same_shape(painting, picture)
    total = 0.0
    for block in blocks(len(picture), picture[0].size if len(picture) else 1):
        difference = np.subtract(painting[block], picture[block], dtype=np.float64)
        total += float(np.sum(function(difference, out=difference)))
    return total / picture.size if picture.size else math.nan


def check_same_shape(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> None:
    """Raise PictureError unless both have the same shape: broadcasting would silently compare gray with RGB."""
    if painting.shape != picture.shape:
        raise PictureError(
            f"the painting must have the picture's shape {picture.shape} to be compared with it. Got {painting.shape}."
        )
