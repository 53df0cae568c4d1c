"""SSIM (Wang et al. 2004), by scikit-image, a strip of rows at a time."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from sfumato.images.blocks import blocks
from sfumato.images.pixel_errors import check_same_shape

_WINDOW = 7
"""Pixels on a side of the window in which scikit-image compares, all weighing the same."""


def ssim(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Structural similarity of two (H, W, C) arrays clipped to [0, 1]: 1 for equal ones, the mean over channels.

    Alpha counts as one more channel. The window is 7x7, or the largest odd one that fits a smaller picture; a side
    under 3 pixels is made 3 by repeating its last row or column. NaN where either holds one.
    Raises PictureError where the shapes differ.
    """
    check_same_shape(painting, picture)
    similarity = Similarity(picture.shape)
    similarity.compare(painting, picture, len(picture))
    return similarity.mean


class Similarity:
    """Sums the similarity of a painting that is still being made, from its first row to its last.

    Memory is bounded: scikit-image holds ten copies of what it compares, so it is given a strip at a time. The mean is
    that of the whole within rounding (1e-12).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """``shape``: (H, W, C) of both."""
        height, width, channels = shape
        side = min(_WINDOW, max(height, 3), max(width, 3))
        self._window = side if side % 2 else side - 1
        self._height, self._width, self._channels = height, width, channels
        # A window belongs to its middle pixel, so that there are none at the border.
        self._border = (self._window - 1) // 2
        self._done = 0
        self._total = 0.0

    def compare(self, painting: NDArray[np.floating], picture: NDArray[np.floating], rows: int) -> None:
        """Go on with the windows that lie within the first ``rows`` rows, which have been painted by now."""
        # It takes longer to import than the rest of the package together.
        from skimage.metrics import structural_similarity

        border = self._border
        ready = (rows if rows < self._height else max(rows, 3)) - 2 * border
        for block in blocks(max(ready - self._done, 0), self._width * self._channels):
            rows_of = slice(self._done + block.start, self._done + block.stop + 2 * border)
            one, other = (
                _at_least_three(np.clip(values[rows_of], 0, 1).astype(np.float64)) for values in (painting, picture)
            )
            # It returns more than a number only where more is asked for.
            _, everywhere = cast(
                "tuple[float, NDArray[np.float64]]",
                structural_similarity(one, other, win_size=self._window, data_range=1.0, channel_axis=-1, full=True),
            )
            self._total += float(everywhere[border:-border, border:-border].sum())
        self._done = max(self._done, ready)

    @property
    def mean(self) -> float:
        """Over all windows and channels, once the last row was compared."""
        inside = (max(side, 3) - 2 * self._border for side in (self._height, self._width))
        return self._total / (next(inside) * next(inside) * self._channels)


def _at_least_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = [(0, max(0, 3 - side)) for side in values.shape[:2]]
    return np.pad(values, [*missing, (0, 0)], mode="edge") if any(after for _, after in missing) else values
