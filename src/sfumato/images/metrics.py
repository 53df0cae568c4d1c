"""Errors and similarity of a painting and its picture: MSE, MAE, PSNR, SSIM."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images.values import blocks

_WINDOW = 7
"""Side of the window of scikit-image in pixels, which all have the same weight."""


def mse(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the mean squared error over pixels and channels (alpha counts as one), not clipped, in float64.

    Both arrays are (H, W, C). Raises PictureError where the shapes differ.
    """
    return _mean(np.square, painting, picture)


def mae(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the mean absolute error, otherwise like `mse`."""
    return _mean(np.abs, painting, picture)


def psnr(mse: float) -> float:
    """Return the peak signal-to-noise ratio in dB for a peak of 1: -10 log10(mse); infinite where mse is 0."""
    return math.inf if mse == 0 else -10 * math.log10(mse)


def _mean(function: np.ufunc, painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    check_same_shape(painting, picture)
    total = 0.0
    for block in blocks(len(picture), picture[0].size if len(picture) else 1):
        difference = np.subtract(painting[block], picture[block], dtype=np.float64)
        total += float(np.sum(function(difference, out=difference)))
    return total / picture.size if picture.size else math.nan


def check_same_shape(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> None:
    """Raise PictureError unless both have the same shape: broadcasting would silently compare gray with RGB."""
    if painting.shape != picture.shape:
        raise PictureError(
            f"the painting must have the picture's shape {picture.shape} to be compared with it. Got {painting.shape}."
        )


def ssim(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the structural similarity of two (H, W, C) arrays clipped to [0, 1], the mean over channels; 1 if equal.

    Alpha counts as another channel. The window is 7x7, or the largest odd one that fits a smaller picture; a side under
    3 pixels is padded to 3 by repeating its last row or column. The result is NaN where either array contains NaN.
    Raises PictureError where the shapes differ.
    """
    check_same_shape(painting, picture)
    similarity = Similarity(picture.shape)
    similarity.compare(painting, picture, len(picture))
    return similarity.mean


class Similarity:
    """Running SSIM of a painting that is completed from its first row to its last.

    Memory is bounded: scikit-image makes ten copies of its inputs, so it gets one strip at a time. The mean equals that
    of the whole painting up to rounding (1e-12).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Start with no rows; ``shape`` is (H, W, C) of painting and picture."""
        height, width, channels = shape
        side = min(_WINDOW, max(height, 3), max(width, 3))
        self._window = side if side % 2 else side - 1
        self._height, self._width, self._channels = height, width, channels
        # A window belongs to its central pixel, so that there are none at the border.
        self._border = (self._window - 1) // 2
        self._done = 0
        self._total = 0.0
        self._mask_total, self._mask_windows = 0.0, 0

    def compare(
        self,
        painting: NDArray[np.floating],
        picture: NDArray[np.floating],
        rows: int,
        mask: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add the windows that lie within the first ``rows`` rows, which must be complete.

        ``mask``: (H, W), the pixels of `means_of_mask`, the same in every call.
        """
        # The import takes longer than that of all other modules together.
        from skimage.metrics import structural_similarity

        border = self._border
        ready = (rows if rows < self._height else max(rows, 3)) - 2 * border
        for block in blocks(max(ready - self._done, 0), self._width * self._channels):
            rows_of = slice(self._done + block.start, self._done + block.stop + 2 * border)
            one, other = (
                _at_least_three(np.clip(values[rows_of], 0, 1).astype(np.float64)) for values in (painting, picture)
            )
            # The type hints cover only the result without ``full``.
            _, everywhere = cast(
                "tuple[float, NDArray[np.float64]]",
                structural_similarity(one, other, win_size=self._window, data_range=1.0, channel_axis=-1, full=True),
            )
            inner = everywhere[border:-border, border:-border]
            self._total += float(inner.sum())
            if mask is not None:
                top = rows_of.start + border
                chosen = mask[top : top + len(inner), border : border + inner.shape[1]]
                self._mask_total += float(inner[chosen].sum())
                self._mask_windows += int(chosen.sum())
        self._done = max(self._done, ready)

    @property
    def mean(self) -> float:
        """Mean over all windows and channels, valid once the last row was compared."""
        inside = (max(side, 3) - 2 * self._border for side in (self._height, self._width))
        return self._total / (next(inside) * next(inside) * self._channels)

    def means_of_mask(self) -> tuple[float | None, float | None]:
        """Return the means over the windows whose central pixel is in the mask, and over the others.

        None where there are no such windows. A window also covers pixels around its center, of either kind.
        """
        inside = [max(side, 3) - 2 * self._border for side in (self._height, self._width)]
        total, windows = self._mask_total, self._mask_windows
        others = inside[0] * inside[1] - windows
        return (
            total / (windows * self._channels) if windows else None,
            (self._total - total) / (others * self._channels) if others else None,
        )


def _at_least_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = [(0, max(0, 3 - side)) for side in values.shape[:2]]
    return np.pad(values, [*missing, (0, 0)], mode="edge") if any(after for _, after in missing) else values
