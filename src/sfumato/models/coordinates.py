"""The inputs of the pixels of a picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import Coordinates


class Region(NamedTuple):
    """A rectangle in parts of the picture: 0 to 1 is all of it, and beyond is beyond its border."""

    top: float = 0.0
    left: float = 0.0
    bottom: float = 1.0
    right: float = 1.0


WHOLE = Region()

RANGES = {"unit": (0.0, 1.0), "signed": (-1.0, 1.0)}
"""The ends of each range of `Coordinates`."""


def grid(
    coordinates: Coordinates, rows: int, columns: int, region: Region = WHOLE, some: slice = slice(None)
) -> NDArray[np.float64]:
    """(rows * columns, 2) inputs (row, column) of a region, row by row; or those of ``some`` of its rows alone.

    With ``corners`` the outer samples lie on the ends of the range, with ``centers`` half a step inside; so any
    number of rows and columns paints the same area, finer or coarser.
    """
    down, across = axes(coordinates, rows, columns, region)
    down = down[some]
    places = np.empty((len(down), columns, 2))
    places[:, :, 0], places[:, :, 1] = down[:, np.newaxis], across
    return places.reshape(-1, 2)


def axes(
    coordinates: Coordinates, rows: int, columns: int, region: Region = WHOLE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The (rows,) and the (columns,) inputs that `grid` combines, for those who cannot hold all pairs."""
    return (
        _places(coordinates, rows, region.top, region.bottom),
        _places(coordinates, columns, region.left, region.right),
    )


def _places(coordinates: Coordinates, samples: int, start: float, end: float) -> NDArray[np.float64]:
    if coordinates.at == "corners":
        # i / (n - 1) as the 2012 program computes it; linspace's i * step differs in the last digits.
        unit = np.arange(samples, dtype=np.float64) / max(samples - 1, 1)
    else:
        unit = (np.arange(samples, dtype=np.float64) + 0.5) / samples
    # From 0 to 1 this changes no bit.
    unit = start + (end - start) * unit
    low, high = RANGES[coordinates.range]
    return unit if (low, high) == (0.0, 1.0) else low + (high - low) * unit
