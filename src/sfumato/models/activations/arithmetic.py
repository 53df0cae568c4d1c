"""Elementary functions of one number, for the activations.

Compiled loops over float32 use faster ones with the same names: `sfumato.training.kernels.elementary`.
"""

from __future__ import annotations

import math


def exp(x: float) -> float:
    """Return e to the power of x."""
    return math.exp(x)


def sin(x: float) -> float:
    """Return the sine of x, in radians."""
    return math.sin(x)


def cos(x: float) -> float:
    """Return the cosine of x, in radians."""
    return math.cos(x)
