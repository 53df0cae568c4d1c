"""The range of tiles and zoom levels, without PyTorch, for the server."""

from __future__ import annotations

import math

SIDE = 256
"""Pixels of a tile's side."""

LARGEST_ZOOM = 24
LEAST_ZOOM = -5
"""At this zoom the picture's longer side has 8 pixels: everything in reach fits on any screen in a few tiles."""

FURTHEST = 4
"""How far tiles reach beyond the picture's border on every side, in sizes of the picture."""

FINE_ZOOM = 13
"""From this zoom on, float32 coordinates of neighboring pixels are hardly distinct, and float64 is used."""


def reach(zoom_level: int) -> int:
    """Return the largest row and column of tiles; the smallest is minus it."""
    return math.ceil((FURTHEST + 1) * 2.0**zoom_level)
