"""The transfer function of sRGB and its inverse (IEC 61966-2-1)."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = TypeVar("Floats", bound=np.floating)


def srgb_to_linear(values: NDArray[Floats]) -> NDArray[Floats]:
    """Convert sRGB values to linear light, both 1 at white, in the array's data type; any shape.

    For colors only: alpha is linear already. Outside [0, 1] both pieces of the curve are extrapolated.
    """
    # The argument is clamped to the domain of the power: a negative base would give NaN and a warning.
    curve = ((np.maximum(values, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(values <= 0.04045, values / 12.92, curve)


def linear_to_srgb(values: NDArray[Floats]) -> NDArray[Floats]:
    """Convert linear light to sRGB values, the inverse of `srgb_to_linear`; any shape."""
    curve = 1.055 * np.maximum(values, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(values <= 0.0031308, values * 12.92, curve)
