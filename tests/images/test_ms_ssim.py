"""MS-SSIM against pytorch-msssim."""

from __future__ import annotations

import numpy as np
import pytest
import pytorch_msssim
import torch
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images import ms_ssim
from tests.images.made_files import load


def reference(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    planes = (torch.from_numpy(np.moveaxis(each, -1, 0)[None].astype(np.float64)) for each in (painting, picture))
    return float(pytorch_msssim.ms_ssim(*planes, data_range=1.0))


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.05, 0.5])
@pytest.mark.parametrize("shape", [(161, 163, 3), (171, 222, 1), (192, 170, 4), (0, 0, 3)])
def test_against_pytorch_msssim(shape: tuple[int, int, int], noise: float) -> None:
    random = np.random.default_rng(2)
    picture = random.random(shape) if shape[0] else load("coffee", max_side=260)
    painting = np.clip(picture + noise * random.normal(size=picture.shape), 0, 1)
    expected = reference(painting, picture)
    assert 0.1 < expected < 0.999
    assert ms_ssim(painting, picture) == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_an_opposite_picture_has_no_negative_similarity() -> None:
    picture = np.random.default_rng(2).random((165, 165, 1))
    assert ms_ssim(1 - picture, picture) == reference(1 - picture, picture) == 0
    assert ms_ssim(picture, picture) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(3 * picture - 1, picture) == pytest.approx(ms_ssim(np.clip(3 * picture - 1, 0, 1), picture))


def test_small_pictures_and_wrong_shapes() -> None:
    small = np.zeros((160, 200, 1))
    with pytest.raises(PictureError, match="at least 161 pixels for MS-SSIM. Got 200x160"):
        ms_ssim(small, small)
    with pytest.raises(PictureError):
        ms_ssim(small, small[:, :, [0, 0]])
