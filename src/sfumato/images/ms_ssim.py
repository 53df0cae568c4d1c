"""MS-SSIM: structural similarity at five scales (Wang, Simoncelli and Bovik 2003, doi:10.1109/ACSSC.2003.1292216)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images.metrics import check_same_shape

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, from the finest on."""

_WINDOW, _DEVIATION = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2

MIN_SIDE = (_WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1
"""Smallest side in pixels for which the window fits the coarsest scale: 161."""

Floats = NDArray[np.float64]


def ms_ssim(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the multiscale structural similarity of two (H, W, C) arrays clipped to [0, 1], the mean over channels.

    The window is a Gaussian of 11x11 pixels with a standard deviation of 1.5, at the places where it fits; a scale is
    the average of 2x2 pixels of the finer one. A mean contrast below 0 at a scale counts as 0. It is 1 for equal
    pictures. Raises PictureError where the shapes differ, and where a side has less than `MIN_SIDE` pixels.
    """
    check_same_shape(painting, picture)
    height, width, channels = picture.shape
    if min(height, width) < MIN_SIDE:
        raise PictureError(
            f"a picture must have sides of at least {MIN_SIDE} pixels for MS-SSIM. Got {width}x{height}."
        )
    return float(np.mean([_of_plane(painting[..., each], picture[..., each]) for each in range(channels)]))


def _of_plane(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    one, other = (np.clip(each, 0, 1).astype(np.float64) for each in (painting, picture))
    product = 1.0
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            one, other = _halved(one), _halved(other)
        similarity, contrast = _similarity(one, other)
        product *= max(similarity if scale == len(WEIGHTS) - 1 else contrast, 0.0) ** weight
    return product


def _similarity(one: Floats, other: Floats) -> tuple[float, float]:
    """Return the mean of SSIM, and that of its factor for contrast and structure."""
    mean, other_mean = _blurred(one), _blurred(other)
    variance, other_variance = _blurred(one**2) - mean**2, _blurred(other**2) - other_mean**2
    covariance = _blurred(one * other) - mean * other_mean
    contrast = (2 * covariance + _C2) / (variance + other_variance + _C2)
    luminance = (2 * mean * other_mean + _C1) / (mean**2 + other_mean**2 + _C1)
    return float(np.mean(luminance * contrast)), float(np.mean(contrast))


def _blurred(plane: Floats) -> Floats:
    # scipy's import takes long.
    from scipy.ndimage import correlate1d

    radius = _WINDOW // 2
    line = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * _DEVIATION**2))
    line /= line.sum()
    blurred = correlate1d(correlate1d(plane, line, axis=0), line, axis=1)
    return blurred[radius:-radius, radius:-radius]


def _halved(plane: Floats) -> Floats:
    # An odd side gets a row of zeros before the first, as in the implementations in use, which pad on both sides and
    # leave out the last one, of which only half would be a pair.
    padded = np.pad(plane, [(side % 2, 0) for side in plane.shape])
    height, width = padded.shape
    return padded.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
