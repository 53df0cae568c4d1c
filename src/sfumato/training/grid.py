"""The arrangement of training samples in a plane: the pixels of a picture that are not held out, or a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Grid:
    """Training samples in cells of a grid, numbered row by row."""

    height: int
    width: int
    trained: NDArray[np.bool_] | None = None
    """(height, width) mask of the cells that hold a training sample; None for all."""

    @classmethod
    def at_positions(cls, rows: NDArray[Any], columns: NDArray[Any]) -> Grid:
        """Return the grid of samples at these coordinates (N,) of rows and of columns, which are in order row by row.

        It has no row and no column without samples.
        """
        used_rows, row = np.unique(rows, return_inverse=True)
        used_columns, column = np.unique(columns, return_inverse=True)
        trained = np.zeros((len(used_rows), len(used_columns)), np.bool_)
        trained[row, column] = True
        return cls(*trained.shape, None if trained.all() else trained)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """(height, width) mask of the cells that hold a training sample."""
        return np.ones((self.height, self.width), np.bool_) if self.trained is None else self.trained

    @property
    def samples(self) -> int:
        """Number of training samples."""
        return self.height * self.width if self.trained is None else int(np.count_nonzero(self.trained))

    def at(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the samples (M,) at points (M, 2) of the unit square, with no preference for any sample.

        A point in rows and columns is mapped to the row by the distribution of the samples over the rows, and to the
        column by that over the columns of this row (Rosenblatt 1952): points that are uniformly distributed select all
        samples with equal probability, and low-discrepancy points select samples that are evenly spread. Without
        held-out cells, a point selects the cell in which it lies.
        """
        counts = np.count_nonzero(self.mask, axis=1)
        ends = np.cumsum(counts)
        rows = np.searchsorted(ends, points[:, 0] * self.samples, side="right")
        # A point just below 1 may be rounded up to 1.
        rows = np.minimum(rows, np.flatnonzero(counts)[-1])
        within = np.minimum((points[:, 1] * counts[rows]).astype(np.int64), counts[rows] - 1)
        return ends[rows] - counts[rows] + within

    @cached_property
    def curve(self) -> NDArray[np.int64]:
        """The samples (N,) in the order in which a Hilbert curve visits them."""
        rows, columns = np.nonzero(self.mask)
        side = 1 << (max(self.height, self.width) - 1).bit_length()
        return np.argsort(_hilbert_index(side, columns, rows), kind="stable")

    def averages(self, values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
        """Return the means (M, K) of values (N, K) of the samples in squares of ``factor`` x ``factor`` cells.

        Squares at the end of a row or column may be cut; those without samples are left out.
        """
        rows, columns = np.nonzero(self.mask)
        squares = rows // factor * -(-self.width // factor) + columns // factor
        _, square, counts = np.unique(squares, return_inverse=True, return_counts=True)
        return np.stack([np.bincount(square, column) / counts for column in values.T], axis=1)

    def laplacian(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the discrete Laplacian (N, K) of values (N, K): the four neighbors' differences from the value, added.

        Neighbors without a sample, and those beyond the border, have no part in it.
        """
        full = np.zeros((*self.mask.shape, values.shape[1]))
        full[self.mask] = values
        sums = np.zeros_like(full)
        for axis, (first, second) in enumerate(
            (((_ALL_BUT_LAST, _ALL), (_ALL_BUT_FIRST, _ALL)), ((_ALL, _ALL_BUT_LAST), (_ALL, _ALL_BUT_FIRST)))
        ):
            differences = np.diff(full, axis=axis) * (self.mask[first] & self.mask[second])[..., np.newaxis]
            sums[first] += differences
            sums[second] -= differences
        return sums[self.mask]


_ALL, _ALL_BUT_FIRST, _ALL_BUT_LAST = slice(None), slice(1, None), slice(None, -1)


def _hilbert_index(side: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of cells (x, y) on the Hilbert curve of ``side`` x ``side`` cells; side is a power of 2.

    Each level of the curve is four copies of the one below, of which the first and the last are transposed.
    """
    position = np.zeros(len(x), np.int64)
    s = side // 2
    while s > 0:
        right, lower = (x & s) > 0, (y & s) > 0
        position += s * s * ((3 * right) ^ lower)
        x, y = np.where(~lower & right, s - 1 - x, x), np.where(~lower & right, s - 1 - y, y)
        x, y = np.where(lower, x, y) & (s - 1), np.where(lower, y, x) & (s - 1)
        s //= 2
    return position
