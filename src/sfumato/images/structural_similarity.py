"""SSIM (Wang et al. 2004), by scikit-image."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from sfumato.images.pixel_errors import check_same_shape

_WINDOW = 7
"""Pixels on a side of the window in which scikit-image compares, all weighing the same."""


def ssim(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Structural similarity of two (H, W, C) arrays clipped to [0, 1]: 1 for equal ones, the mean over channels.

    Alpha counts as one more channel. The window is 7x7, or the largest odd one that fits a smaller picture; a side
    under 3 pixels is made 3 by repeating its last row or column. NaN where either holds one.
    Raises PictureError where the shapes differ.
    """
    # It takes longer to import than the rest of the package together.
    from skimage.metrics import structural_similarity

    check_same_shape(painting, picture)
    one, other = (_at_least_three(np.clip(values, 0, 1).astype(np.float64)) for values in (painting, picture))
    side = min(_WINDOW, *one.shape[:2])
    window = side if side % 2 else side - 1
    # It returns more than a number only where more is asked for.
    return float(cast("float", structural_similarity(one, other, win_size=window, data_range=1.0, channel_axis=-1)))


def _at_least_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = [(0, max(0, 3 - side)) for side in values.shape[:2]]
    return np.pad(values, [*missing, (0, 0)], mode="edge") if any(after for _, after in missing) else values
