"""The hash of a picture's values, independent of its file."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def sha256(picture: NDArray[np.floating]) -> str:
    """Return the SHA-256 of the shape, as little-endian int64, and the values, as little-endian float32.

    The 64 hexadecimal digits are the same on every machine, for any memory layout of (H, W, C).
    """
    digest = hashlib.sha256(np.asarray(picture.shape, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(picture, dtype="<f4").data)
    return digest.hexdigest()
