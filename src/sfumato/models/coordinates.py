"""The inputs of the pixels of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import Coordinates


def grid(coordinates: Coordinates, rows: int, columns: int) -> NDArray[np.float64]:
    """(rows * columns, 2) inputs (row, column), row by row.

    With ``corners`` the outer samples lie on the ends of the range, with ``centres`` half a step inside; so any
    number of rows and columns paints the same area, finer or coarser.
    """
    places = np.meshgrid(_places(coordinates, rows), _places(coordinates, columns), indexing="ij")
    return np.stack(places, axis=-1).reshape(-1, 2)


def _places(coordinates: Coordinates, samples: int) -> NDArray[np.float64]:
    if coordinates.at == "corners":
        # i / (n - 1) as the 2012 program computes it; linspace's i * step differs in the last digits.
        unit = np.arange(samples, dtype=np.float64) / max(samples - 1, 1)
    else:
        unit = (np.arange(samples, dtype=np.float64) + 0.5) / samples
    return unit if coordinates.range == "unit" else 2 * unit - 1
