"""Conversion to bytes and images."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.errors import PictureError
from sfumato.images import as_image, to_uint8
from tests.images.made_files import noise


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_level_survives_the_round_trip(dtype: type[np.floating]) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    values = to_uint8((levels / 255).astype(dtype))
    assert values.dtype == np.uint8
    np.testing.assert_array_equal(values, levels)


def test_rounded_after_clipping_without_a_warning() -> None:
    inputs = [0.4 / 255, 0.6 / 255, 254.4 / 255, 254.6 / 255, -3, 9, np.nan, np.inf, -np.inf, 1e30]
    values = to_uint8(np.array(inputs, dtype=np.float32).reshape(1, -1, 1))
    assert values.ravel().tolist() == [0, 1, 254, 255, 0, 255, 0, 255, 0, 255]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_as_image(channels: int, mode: str) -> None:
    levels = noise((5, 7, channels))
    image = as_image((levels / 255).astype(np.float32))
    assert image.mode == mode
    assert image.size == (7, 5)
    np.testing.assert_array_equal(np.asarray(image).reshape(levels.shape), levels)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 2), (5, 7, 5), (1, 5, 7, 3)])
def test_other_shapes_are_rejected(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match="channels"):
        as_image(np.zeros(shape, dtype=np.float32))
