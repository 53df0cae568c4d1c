"""Elementary functions of one number, for the activations.

Compiled loops over float32 have faster ones under the same names: `sfumato.training.kernels.elementary`.
"""

from __future__ import annotations

import math


def exp(x: float) -> float:
    """e to the x."""
    return math.exp(x)


def sin(x: float) -> float:
    """Sine of x in radians."""
    return math.sin(x)


def cos(x: float) -> float:
    """Cosine of x in radians."""
    return math.cos(x)
