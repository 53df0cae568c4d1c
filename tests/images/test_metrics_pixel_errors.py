"""MSE, MAE and PSNR."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import skimage.metrics

from sfumato.errors import PictureError
from sfumato.images import mae, mse, psnr
from tests.images.made_files import noise


def pair() -> tuple[np.ndarray, np.ndarray]:
    picture = noise((9, 11, 3)).astype(np.float32) / np.float32(255)
    return picture + np.float32(0.3) * (picture[::-1] - np.float32(0.5)), picture


def test_by_hand() -> None:
    painting = np.array([[[1.5, 0.0]], [[0.0, -0.5]]], dtype=np.float32)
    picture = np.array([[[0.5, 0.0]], [[0.0, 0.0]]], dtype=np.float32)
    assert mse(painting, picture) == (1 + 0.25) / 4
    assert mae(painting, picture) == (1 + 0.5) / 4
    assert psnr(0.01) == pytest.approx(20)
    assert psnr(1) == 0
    assert psnr(0) == math.inf
    assert math.isnan(psnr(math.nan))


def test_against_scikit_image() -> None:
    painting, picture = pair()
    assert painting.max() > 1
    expected = skimage.metrics.peak_signal_noise_ratio(
        picture.astype(np.float64), painting.astype(np.float64), data_range=1
    )
    assert 10 < expected < 25
    assert psnr(mse(painting, picture)) == pytest.approx(expected, abs=1e-9)


def test_float64_is_used_throughout() -> None:
    picture = np.zeros((1000, 1000, 1), dtype=np.float32)
    painting = np.full_like(picture, 0.1)
    assert mse(painting, picture) == pytest.approx(float(np.float32(0.1)) ** 2, rel=1e-12)
    assert mae(painting, picture) == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    assert painting[0, 0, 0] == np.float32(0.1)


@pytest.mark.parametrize("error", [mse, mae])
def test_shapes_must_agree(error: Any) -> None:
    with pytest.raises(PictureError, match=r"\(5, 4, 3\).*\(5, 4, 1\)"):
        error(np.zeros((5, 4, 1)), np.zeros((5, 4, 3)))
