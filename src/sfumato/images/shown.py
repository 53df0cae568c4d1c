"""What a network learned, as it is shown."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.images.color import linear_to_srgb


def shown(values: NDArray[np.floating], light: Literal["srgb", "linear"]) -> NDArray[np.float32]:
    """(..., C) as the network learned them, in that light -> sRGB in [0, 1], as pictures are drawn; nan stays."""
    clipped = np.clip(values, 0, 1).astype(np.float32)
    if light == "linear":
        # Colors only: alpha is linear already.
        clipped[..., :3] = linear_to_srgb(clipped[..., :3])
    return clipped
