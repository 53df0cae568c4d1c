"""FLIP: the difference that a viewer sees in alternating two pictures (Andersson et al. 2020, doi:10.1145/3406183).

Both pictures are filtered with the contrast sensitivity of the eye, which depends on the viewing distance. Their color
difference, and the difference of their edges and points, give one error per pixel, 0 (none) to 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images.metrics import check_same_shape
from sfumato.images.values import blocks, srgb_to_linear

PIXELS_PER_DEGREE = 67.020643
"""Those of a display of 0.7 m and 3840 pixels at a distance of 0.7 m, as of the paper."""

Floats = NDArray[np.float64]

_TO_XYZ = np.array(
    [
        [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
        [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
        [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
    ]
)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_WHITE = _TO_XYZ.sum(axis=1)

_SENSITIVITY = (
    ((1.0, 0.0047),),
    ((1.0, 0.0053),),
    ((34.1, 0.04), (13.5, 0.025)),
)
"""(a, b) of the Gaussians of the contrast sensitivity, for luminance, red-green and blue-yellow."""

_FEATURE_WIDTH = 0.082
"""Degrees of an edge or point."""
_COLOR_EXPONENT, _FEATURE_EXPONENT = 0.7, 0.5
_KNEE, _AT_KNEE = 0.4, 0.95


def flip(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the mean of `flip_map`: 0 for equal pictures, at most 1. Raises PictureError where the shapes differ."""
    check_same_shape(painting, picture)
    total = sum(float(flip_rows(painting, picture, block).sum()) for block in blocks(*_rows_and_size(picture)))
    return total / (picture.shape[0] * picture.shape[1])


def flip_map(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> Floats:
    """Return FLIP's error of each pixel, (H, W), of two sRGB pictures (H, W, C), which are clipped to [0, 1].

    C is 1 (gray), 3, or 4, where only the colors are compared: premultiplied, they are those over black. The distance
    of the viewer is that of `PIXELS_PER_DEGREE`. Raises PictureError where the shapes differ.
    """
    check_same_shape(painting, picture)
    return np.concatenate([flip_rows(painting, picture, block) for block in blocks(*_rows_and_size(picture))])


def _rows_and_size(picture: NDArray[np.floating]) -> tuple[int, int]:
    return len(picture), picture.shape[1] * 8


def flip_rows(painting: NDArray[np.floating], picture: NDArray[np.floating], rows: slice) -> Floats:
    """Return the rows ``rows`` of `flip_map`; memory is that of these rows and of the filters' radius around them."""
    if picture.shape[2] not in (1, 3, 4):
        raise PictureError(f"a picture must have 1, 3 or 4 channels for FLIP. Got {picture.shape[2]}.")
    radius = _largest_radius()
    start, stop = max(rows.start - radius, 0), min(rows.stop + radius, len(picture))
    one, other = (_opponent(_linear(values[start:stop])) for values in (painting, picture))
    color, feature = _color_difference(one, other), _feature_difference(one, other)
    return (color ** (1 - feature))[rows.start - start : rows.stop - start]


def _linear(values: NDArray[np.floating]) -> Floats:
    colors = np.clip(values[..., :3], 0, 1).astype(np.float64)
    return srgb_to_linear(np.broadcast_to(colors, (*colors.shape[:2], 3)))


def _opponent(linear: Floats) -> Floats:
    x, y, z = np.moveaxis(linear @ _TO_XYZ.T / _WHITE, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _lab(opponent: Floats) -> Floats:
    """Return L, a, b (3, H, W) of opponent colors, clipped to the display's, with Hunt's effect on a and b."""
    y = (opponent[0] + 16) / 116
    xyz = np.stack([y + opponent[1] / 500, y, y - opponent[2] / 200], axis=-1) * _WHITE
    return _hunt_lab(np.clip(xyz @ _FROM_XYZ.T, 0, 1))


def _hunt_lab(linear: Floats) -> Floats:
    relative, delta = linear @ _TO_XYZ.T / _WHITE, 6 / 29
    x, y, z = np.moveaxis(np.where(relative > delta**3, np.cbrt(relative), relative / (3 * delta**2) + 4 / 29), -1, 0)
    lightness = 116 * y - 16
    return np.stack([lightness, 0.01 * lightness * 500 * (x - y), 0.01 * lightness * 200 * (y - z)])


def _distance(one: Floats, other: Floats) -> Floats:
    """Return HyAB's distance of colors."""
    return np.abs(one[0] - other[0]) + np.hypot(one[1] - other[1], one[2] - other[2])


def _color_difference(one: Floats, other: Floats) -> Floats:
    distance = _distance(_lab(_filtered(one)), _lab(_filtered(other))) ** _COLOR_EXPONENT
    green, blue = (_hunt_lab(np.array([[color]])) for color in ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    largest = float(_distance(green, blue)[0, 0] ** _COLOR_EXPONENT)
    knee = _KNEE * largest
    above = _AT_KNEE + (distance - knee) / (largest - knee) * (1 - _AT_KNEE)
    return np.where(distance < knee, distance * (_AT_KNEE / knee), above)


def _largest_radius() -> int:
    return max(_sensitivity_radius(), _feature_radius())


def _sensitivity_radius() -> int:
    widest = max(b for gaussians in _SENSITIVITY for _, b in gaussians)
    return math.ceil(3 * math.sqrt(widest / (2 * math.pi**2)) * PIXELS_PER_DEGREE)


def _feature_deviation() -> float:
    return 0.5 * _FEATURE_WIDTH * PIXELS_PER_DEGREE


def _feature_radius() -> int:
    return math.ceil(3 * _feature_deviation())


def _separable(plane: Floats, vertical: Floats, horizontal: Floats) -> Floats:
    # scipy's import takes long.
    from scipy.ndimage import correlate1d

    return correlate1d(correlate1d(plane, vertical, axis=0, mode="nearest"), horizontal, axis=1, mode="nearest")


def _filtered(opponent: Floats) -> Floats:
    radius = _sensitivity_radius()
    degrees = np.arange(-radius, radius + 1) / PIXELS_PER_DEGREE
    filtered = np.zeros_like(opponent)
    for channel, gaussians in enumerate(_SENSITIVITY):
        total = 0.0
        for a, b in gaussians:
            line = np.exp(-(math.pi**2) * degrees**2 / b)
            weight = a * math.sqrt(math.pi / b)
            filtered[channel] += weight * _separable(opponent[channel], line, line)
            total += weight * line.sum() ** 2
        filtered[channel] /= total
    return filtered


def _feature_difference(one: Floats, other: Floats) -> Floats:
    radius, deviation = _feature_radius(), _feature_deviation()
    at = np.arange(-radius, radius + 1, dtype=np.float64)
    gaussian = np.exp(-(at**2) / (2 * deviation**2))
    across = gaussian / gaussian.sum()
    edge = _balanced(-at * gaussian)
    point = _balanced((at**2 / deviation**2 - 1) * gaussian)
    luminance = [(each[0] + 16) / 116 for each in (one, other)]
    differences = [
        np.abs(np.subtract(*(np.hypot(_separable(y, across, line), _separable(y, line, across)) for y in luminance)))
        for line in (edge, point)
    ]
    return (np.maximum(*differences) / math.sqrt(2)) ** _FEATURE_EXPONENT


def _balanced(line: Floats) -> Floats:
    """Return weights whose positive ones have the sum 1, and whose negative ones -1."""
    return np.where(line < 0, line / -line[line < 0].sum(), line / line[line > 0].sum())
