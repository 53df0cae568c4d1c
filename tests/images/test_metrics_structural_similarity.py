"""SSIM."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sfumato.errors import PictureError
from sfumato.images import ssim
from tests.images.made_files import load, noise


def ssim_by_hand(a: np.ndarray, b: np.ndarray, window: int) -> float:
    """Return SSIM (Wang et al. 2004): uniform inner windows, sample covariance, K1 = 0.01, K2 = 0.03."""
    values = []
    for channel in range(a.shape[2]):
        for row in range(a.shape[0] - window + 1):
            for column in range(a.shape[1] - window + 1):
                x, y = (p[row : row + window, column : column + window, channel].ravel() for p in (a, b))
                covariance = np.cov(x, y)
                top = (2 * x.mean() * y.mean() + 1e-4) * (2 * covariance[0, 1] + 9e-4)
                bottom = (x.mean() ** 2 + y.mean() ** 2 + 1e-4) * (covariance[0, 0] + covariance[1, 1] + 9e-4)
                values.append(top / bottom)
    return float(np.mean(values))


def pair(height: int, width: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    a = noise((height, width, channels)) / 255
    return a, np.clip(a + 0.2 * (noise((width, height, channels)).swapaxes(0, 1) / 255 - 0.5), 0, 1)


@pytest.mark.parametrize(
    ("height", "width", "channels", "window"),
    [(12, 10, 3, 7), (7, 9, 1, 7), (9, 6, 3, 5), (5, 5, 4, 5), (4, 20, 3, 3), (3, 3, 1, 3)],
)
def test_against_the_definition(height: int, width: int, channels: int, window: int) -> None:
    a, b = pair(height, width, channels)
    expected = ssim_by_hand(a, b, window)
    assert 0.2 < expected < 0.999
    assert ssim(a, b) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("height", "width"), [(2, 9), (9, 2), (2, 2)])
def test_a_side_of_two_pixels(height: int, width: int) -> None:
    a, b = pair(height, width, 3)
    padded = [np.pad(p, [(0, max(0, 3 - height)), (0, max(0, 3 - width)), (0, 0)], mode="edge") for p in (a, b)]
    assert ssim(a, b) == pytest.approx(ssim_by_hand(padded[0], padded[1], 3), abs=1e-9)
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)


def test_clipped_in_any_float_type() -> None:
    a, b = pair(10, 10, 3)
    assert ssim(a * 3 - 1, b) == pytest.approx(ssim(np.clip(a * 3 - 1, 0, 1), b), abs=1e-12)
    assert ssim(a.astype(np.float32), b.astype(np.float32)) == pytest.approx(ssim(a, b), abs=1e-6)


def test_a_real_picture() -> None:
    picture = load("camera", max_side=64)
    assert ssim(picture, picture) == 1
    assert ssim(np.full_like(picture, picture.mean()), picture) < 0.4


def test_nan_and_wrong_shapes() -> None:
    a, b = pair(9, 9, 3)
    a[4, 4] = np.nan
    assert math.isnan(ssim(a, b))
    with pytest.raises(PictureError):
        ssim(a, b[:, :, :1])
