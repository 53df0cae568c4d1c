from __future__ import annotations

import numpy as np
import pytest

from sfumato import images
from sfumato.training.health.network_stats import mean_color_psnr, saturated


def test_saturated_outputs_are_counted_where_the_picture_is_not_at_its_ends() -> None:
    picture = np.full((4, 4, 3), 0.5)
    picture[0] = 1.0
    painting = picture.copy()
    painting[:2] = 1.0
    assert saturated(painting, picture) == 0.25


def test_the_baseline_s_psnr_is_that_of_the_mean_color() -> None:
    picture = np.random.default_rng(1).uniform(0.2, 0.8, (12, 12, 3))
    expected = images.psnr(float(picture.var(axis=(0, 1)).mean()))
    assert mean_color_psnr(picture) == pytest.approx(expected)
