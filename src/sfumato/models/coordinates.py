"""Input coordinates of the pixels of a picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import Coordinates

RANGES = {"unit": (0.0, 1.0), "signed": (-1.0, 1.0)}
"""Ends of each range of `Coordinates`."""

Ends = tuple[float, float]


class Region(NamedTuple):
    """Rectangle in fractions of the picture: 0 to 1 is the whole picture, and values beyond are outside its border."""

    top: float = 0.0
    left: float = 0.0
    bottom: float = 1.0
    right: float = 1.0


WHOLE = Region()


def grid(
    coordinates: Coordinates, rows: int, columns: int, region: Region = WHOLE, some: slice = slice(None)
) -> NDArray[np.float64]:
    """Return the (rows * columns, 2) inputs (row, column) of a region, row by row; ``some`` selects rows.

    With ``align_corners`` the outermost samples lie on the ends of the range (without ``endpoint``, the first one on
    its start), else half a step inside them; so any number of rows and columns covers the same area, finer or coarser.
    """
    y, x = axes(coordinates, rows, columns, region)
    y = y[some]
    points = np.empty((len(y), columns, 2))
    points[:, :, 0], points[:, :, 1] = y[:, np.newaxis], x
    return points.reshape(-1, 2)


def axes(
    coordinates: Coordinates, rows: int, columns: int, region: Region = WHOLE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (rows,) and the (columns,) inputs that `grid` combines, for callers that cannot store all pairs."""
    of_rows, of_columns = ranges(coordinates)
    return (
        _axis(coordinates, rows, region.top, region.bottom, of_rows),
        _axis(coordinates, columns, region.left, region.right, of_columns),
    )


def ranges(coordinates: Coordinates) -> tuple[Ends, Ends]:
    """Return the ends of the rows' and of the columns' range; ``coordinates`` resolved."""
    low, high = RANGES[coordinates.range]
    if coordinates.aspect == "picture":
        raise ValueError("the aspect must be a number: Coordinates.resolved returns that of a picture")
    # For an aspect of 1 this is exactly the range of the rows.
    return (low, high), (low, low + (high - low) * coordinates.aspect)


def _axis(coordinates: Coordinates, samples: int, start: float, end: float, ends: Ends) -> NDArray[np.float64]:
    if not coordinates.endpoint:
        unit = np.arange(samples, dtype=np.float64) / samples
    elif coordinates.align_corners:
        # i / (n - 1) as the 2012 program computes it; linspace's i * step differs in the last digits.
        unit = np.arange(samples, dtype=np.float64) / max(samples - 1, 1)
    else:
        unit = (np.arange(samples, dtype=np.float64) + 0.5) / samples
    # For the region from 0 to 1 this changes no bit.
    unit = start + (end - start) * unit
    low, high = ends
    return unit if ends == (0.0, 1.0) else low + (high - low) * unit
