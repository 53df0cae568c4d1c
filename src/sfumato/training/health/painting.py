"""Measures of a painting compared with its picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato import images

NEAR = 1e-3
"""Distance from 0 or 1 within which an output is saturated; the sigmoid's derivative is below 0.001 there."""

UNIFORM = 50.0
"""PSNR in dB of the mean-color baseline from which on a picture is uniform."""

MANY = 0.25
"""Fraction of the outputs that are saturated where the picture is not, from which on it is a finding."""


def mean_color_psnr(picture: NDArray[np.float64]) -> float:
    """Return the PSNR in dB of the mean-color baseline, the mean of the picture (H, W, C)."""
    return images.psnr(images.mse(np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape), picture))


def saturated(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the fraction of the outputs that are within `NEAR` of 0 or 1 where the picture is not."""
    return float((_is_near_limits(painting) & ~_is_near_limits(picture)).mean())


def _is_near_limits(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    return (values < NEAR) | (values > 1 - NEAR)
