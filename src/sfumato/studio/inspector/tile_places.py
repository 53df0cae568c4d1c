"""Which tiles there are; without PyTorch, for the server."""

from __future__ import annotations

import math

SIDE = 256
"""Pixels of a tile."""

LARGEST_ZOOM = 24
LEAST_ZOOM = -5
"""The picture's longer side has 8 pixels then: all that can be reached fits on any screen in a few tiles."""

FURTHEST = 4
"""Times the picture's own size that tiles reach beyond its border, on every side."""

FINE_ZOOM = 13
"""From there on a float32 tells two pixels that are side by side no longer well apart: float64 is taken."""


def reach(zoom_level: int) -> int:
    """Rows and columns of tiles go from minus this to this."""
    return math.ceil((FURTHEST + 1) * 2.0**zoom_level)
