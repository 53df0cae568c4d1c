"""Exact float64 values of float32 pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.images.blocks import blocks

_ROUNDING = 2.0**-23
"""Spacing of float32 just above 1: more than the rounding error of k/255 in float32."""


def exact(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the picture in float64, with the same shape.

    Where every value is k/255 rounded to float32, the result is exactly k/255 in float64, as in a program that divides
    bytes in float64; likewise for k/65535; otherwise it is a plain cast.
    """
    values = picture.astype(np.float64)
    parts = list(blocks(len(values), values[0].size)) if values.size else []
    for steps in (255, 65535):
        # In parts, because copies of a whole large picture would dominate the memory.
        if all(np.all(np.abs(values[part] - _nearest(values[part], steps)) <= _ROUNDING) for part in parts):
            for part in parts:
                values[part] = _nearest(values[part], steps)
            return values
    return values


def _nearest(values: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    return np.rint(values * steps) / steps
