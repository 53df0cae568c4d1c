"""Exact float64 values of float32 pictures."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.images import exact
from tests.images.made_files import SHARED, gray_tiff, load, needs_shared, noise, write


@pytest.mark.parametrize("steps", [255, 65535])
def test_every_level_is_exact(steps: int) -> None:
    levels = np.arange(steps + 1).reshape(-1, 2, 1)
    picture = (levels / steps).astype(np.float32)
    assert np.abs(picture.astype(np.float64) - levels / steps).max() > 1e-9
    values = exact(picture)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, levels / steps)


def test_one_other_value_gives_a_plain_cast() -> None:
    picture = (noise((9, 9, 3)) / 255).astype(np.float32)
    picture[4, 4, 1] = 0.1234
    np.testing.assert_array_equal(exact(picture), picture.astype(np.float64))


def test_values_off_by_one_float32_are_exact_too() -> None:
    picture = (noise((9, 9, 3)) / 255).astype(np.float32)
    np.testing.assert_array_equal(exact(np.nextafter(picture, np.float32(2))), noise((9, 9, 3)) / 255)


def test_nan_remains_nan() -> None:
    picture = np.full((2, 2, 1), np.nan, dtype=np.float32)
    assert np.isnan(exact(picture)).all()


@needs_shared
def test_the_values_of_the_2012_program() -> None:
    from PIL import Image

    with Image.open(SHARED / "mona-lisa-2012.jpg") as image:
        expected = np.asarray(image) / 255.0
    values = exact(load(SHARED / "mona-lisa-2012.jpg", color_management=False))
    assert np.abs(values - expected).max() <= 1e-12


def test_sixteen_bits(tmp_path_factory: pytest.TempPathFactory) -> None:
    deep = noise((5, 7), 65536)
    values = exact(load(write(tmp_path_factory.mktemp("deep"), "a.tif", gray_tiff(deep))))
    np.testing.assert_array_equal(values[:, :, 0], deep / 65535)
