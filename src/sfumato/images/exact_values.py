"""The float64 values behind a float32 picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 2.0**-23
"""The spacing of float32 just above 1: more than rounding k/255 to float32 can move it."""


def exact(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """The picture in float64, same shape.

    Where every value is k/255 rounded to float32 the result is k/255 in float64 to the last digit, as a program that
    divides stored bytes in float64 has it; likewise for k/65535; else it is the plain cast.
    """
    values = picture.astype(np.float64)
    for steps in (255, 65535):
        nearest = np.rint(values * steps) / steps
        if np.all(np.abs(values - nearest) <= _ROUNDING):
            return nearest
    return values
