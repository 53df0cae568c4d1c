"""Conversion of learned values to sRGB for display."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.images.color import linear_to_srgb


def to_srgb(values: NDArray[np.floating], transfer: Literal["srgb", "linear"]) -> NDArray[np.float32]:
    """Convert learned values (..., C) with the transfer function ``transfer`` to sRGB clipped to [0, 1].

    NaN remains NaN.
    """
    clipped = np.clip(values, 0, 1).astype(np.float32)
    if transfer == "linear":
        # For colors only: alpha is linear already.
        clipped[..., :3] = linear_to_srgb(clipped[..., :3])
    return clipped
