"""Conversions between gray, RGB and RGBA."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.images.channels import converted, count
from sfumato.images.planes import Planes
from tests.images.made_files import noise


def planes(colors: int, alpha: int | None) -> Planes:
    plane = np.zeros((3, 4), dtype=np.uint8)
    return Planes((plane,) * colors, None if alpha is None else np.full((3, 4), alpha, dtype=np.uint8))


@pytest.mark.parametrize(
    ("colors", "alpha", "expected"),
    [(1, None, 1), (1, 255, 1), (1, 254, 4), (3, None, 3), (3, 255, 3), (3, 0, 4)],
)
def test_auto_follows_the_file(colors: int, alpha: int | None, expected: int) -> None:
    assert count("auto", planes(colors, alpha)) == expected
    assert [count(channels, planes(colors, alpha)) for channels in ("gray", "rgb", "rgba")] == [1, 3, 4]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("target", [1, 3, 4])
def test_every_pair(channels: int, target: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.images.values._NUMBERS", 20)
    values = (noise((5, 7, channels)) / 255).astype(np.float32)
    colors = np.repeat(values[:, :, :1], 3, axis=2) if channels < 3 else values[:, :, :3]
    alpha = values[:, :, -1:] if channels in (2, 4) else np.ones((5, 7, 1), dtype=np.float32)
    over_white = colors * alpha + 1 - alpha
    expected = {
        1: (over_white @ [0.299, 0.587, 0.114])[:, :, np.newaxis],
        3: over_white,
        4: np.concatenate([colors, alpha], axis=2),
    }[target]
    result = converted(values, target)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    assert result.flags.writeable
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_three_equal_values_give_that_gray() -> None:
    levels = (np.arange(256) / 255).astype(np.float32).reshape(16, 16, 1)
    np.testing.assert_array_equal(converted(np.repeat(levels, 3, axis=2), 1), levels)


def test_equal_channels_are_not_copied() -> None:
    values = np.zeros((2, 3, 4), dtype=np.float32)
    assert converted(values, 4) is values


def test_transparent_pixels_become_white_and_opaque_ones_are_unchanged() -> None:
    values = np.array([[[0.2, 0.4, 0.6, 0], [0.2, 0.4, 0.6, 1]]], dtype=np.float32)
    np.testing.assert_array_equal(converted(values, 3)[0], np.array([[1, 1, 1], [0.2, 0.4, 0.6]], dtype=np.float32))
