"""The float64 values behind a float32 picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.images.blocks import blocks

_ROUNDING = 2.0**-23
"""The spacing of float32 just above 1: more than rounding k/255 to float32 can move it."""


def exact(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """The picture in float64, same shape.

    Where every value is k/255 rounded to float32 the result is k/255 in float64 to the last digit, as a program that
    divides stored bytes in float64 has it; likewise for k/65535; else it is the plain cast.
    """
    values = picture.astype(np.float64)
    parts = list(blocks(len(values), values[0].size)) if values.size else []
    for steps in (255, 65535):
        # A part after the other: of a large picture, copies of the whole would be what takes the memory.
        if all(np.all(np.abs(values[part] - _nearest(values[part], steps)) <= _ROUNDING) for part in parts):
            for part in parts:
                values[part] = _nearest(values[part], steps)
            return values
    return values


def _nearest(values: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    return np.rint(values * steps) / steps
