"""What can be seen of a painting beside its picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato import images

NEAR = 1e-3
"""Outputs this close to 0 or 1, where a sigmoid's slope is below a thousandth, count as saturated."""

UNIFORM = 50.0
"""dB at which one flat color cannot be told from the picture."""

MANY = 0.25
"""A finding is made of saturation when this part of the outputs is saturated without need."""


def mean_color_psnr(picture: NDArray[np.float64]) -> float:
    """dB of one flat color, the mean of the picture (H, W, C): what a network comes to that learns no shapes."""
    return images.psnr(images.mse(np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape), picture))


def saturated(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """The part of the outputs that is within `NEAR` of 0 or 1 where the picture is not."""
    return float((_near_the_ends(painting) & ~_near_the_ends(picture)).mean())


def _near_the_ends(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    return (values < NEAR) | (values > 1 - NEAR)
