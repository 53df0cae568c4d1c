"""How far a painting is from its picture, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError


def mse(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Mean of the squared differences over pixels and channels (alpha counts as one), not clipped, in float64.

    Both (H, W, C). Raises PictureError where the shapes differ.
    """
    difference = _difference(painting, picture)
    return float(np.mean(np.square(difference, out=difference)))


def mae(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Mean of the absolute differences, otherwise like `mse`."""
    difference = _difference(painting, picture)
    return float(np.mean(np.abs(difference, out=difference)))


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB of values whose peak is 1: -10 log10(mse); infinite where mse is 0."""
    return math.inf if mse == 0 else -10 * math.log10(mse)


def _difference(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> NDArray[np.float64]:
    check_same_shape(painting, picture)
    return np.subtract(painting, picture, dtype=np.float64)


def check_same_shape(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> None:
    """Raise PictureError unless both have one shape: broadcasting would compare grey with RGB unasked."""
    if painting.shape != picture.shape:
        raise PictureError(
            f"The painting must have the picture's shape {picture.shape} to be compared with it. "
            f"Got {painting.shape} instead."
        )
