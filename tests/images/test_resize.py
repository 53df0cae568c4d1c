"""Resizing of planes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sfumato.images.planes import Planes
from sfumato.images.resize import target_size, to_floats
from tests.images.made_files import noise


def lanczos(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Resample the first axis with a sinc windowed by a sinc of three lobes, stretched where the picture shrinks."""
    scale = len(values) / length
    stretch = max(scale, 1)
    distance = ((np.arange(length)[:, np.newaxis] + 0.5) * scale - np.arange(len(values)) - 0.5) / stretch
    weights: NDArray[np.float64] = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0.0)
    return np.einsum("ij,j...->i...", weights / weights.sum(axis=1, keepdims=True), values)


def both(values: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    return lanczos(lanczos(values, height).swapaxes(0, 1), width).swapaxes(0, 1)


SIZES = [(20, 30), (61, 11), (100, 80), (9, 43), (31, 200), (2, 2)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_against_the_formula(width: int, height: int) -> None:
    values = noise((43, 31, 3))
    planes = Planes(tuple(values[:, :, channel] for channel in range(3)))
    expected = np.clip(both(values / 255, width, height), 0, 1)
    assert np.ptp(expected) > 0.04
    result = to_floats(planes, width, height)
    assert result.shape == (height, width, 3)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    np.testing.assert_allclose(result, expected, atol=2e-6)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_blocks_do_not_change_the_result(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values = noise((43, 31, 4))
    planes = Planes(tuple(values[:, :, channel] for channel in range(3)), values[:, :, 3])
    whole = to_floats(planes, width, height)
    monkeypatch.setattr("sfumato.images.values._NUMBERS", 70)
    np.testing.assert_array_equal(to_floats(planes, width, height), whole)


def test_float_planes_are_resampled_alike() -> None:
    plane = (noise((43, 31)) / 255).astype(np.float32)
    expected = np.clip(both(plane[:, :, np.newaxis].astype(np.float64), 20, 30), 0, 1)
    np.testing.assert_allclose(to_floats(Planes((plane,)), 20, 30), expected, atol=2e-6)


def test_the_original_size_changes_nothing() -> None:
    values = noise((43, 31, 4))
    planes = Planes(tuple(values[:, :, channel] for channel in range(3)), values[:, :, 3])
    np.testing.assert_array_equal(to_floats(planes, 31, 43), values.astype(np.float32) / np.float32(255))


def test_transparent_colors_do_not_bleed() -> None:
    # Left half opaque red, right half transparent green.
    red = np.repeat(np.array([[255, 0]], dtype=np.uint8), 30, axis=1).repeat(60, axis=0)
    alpha, green = red, 255 - red
    result = to_floats(Planes((red, green, np.zeros_like(red)), alpha), 20, 20)
    visible = result[:, :, 3] > 0.01
    assert visible.any()
    assert not visible.all()
    np.testing.assert_allclose(result[visible][:, 0], 1, atol=1e-5)
    np.testing.assert_allclose(result[visible][:, 1], 0, atol=1e-5)
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1


def test_colors_are_weighted_with_alpha() -> None:
    values = noise((43, 31, 4))
    values[:, :, 3] |= 64
    planes = Planes(tuple(values[:, :, channel] for channel in range(3)), values[:, :, 3])
    alpha = both(values[:, :, 3:] / 255, 10, 14)
    expected = np.clip(both(values[:, :, :3] / 255 * (values[:, :, 3:] / 255), 10, 14) / alpha, 0, 1)
    result = to_floats(planes, 10, 14)
    np.testing.assert_allclose(result[:, :, :3], expected, atol=1e-5)
    np.testing.assert_allclose(result[:, :, 3:], np.clip(alpha, 0, 1), atol=2e-6)


def test_a_constant_picture_stays_constant() -> None:
    planes = Planes((np.full((43, 31), 77, dtype=np.uint8),))
    for width, height in SIZES:
        np.testing.assert_allclose(to_floats(planes, width, height), 77 / 255, atol=1e-6)


def test_against_pillow_s_eight_bits() -> None:
    values = np.cumsum(noise((43, 31)).astype(int) - 127, axis=1).clip(0, 255).astype(np.uint8)
    expected = np.asarray(Image.fromarray(values).resize((12, 17), Image.Resampling.LANCZOS)) / 255
    result = to_floats(Planes((values,)), 12, 17)[:, :, 0]
    # Pillow rounds to 255 levels, and clips, between the two directions and after them.
    assert np.median(np.abs(result - expected)) < 0.5 / 255


@pytest.mark.slow
def test_a_long_thin_picture_needs_little_memory() -> None:
    # Resampling the width first would take 16,000 x 1,000,000 numbers.
    plane = np.zeros((1_000_000, 2), dtype=np.uint8)
    plane[:, 1] = 255
    result = to_floats(Planes((plane,)), 16_000, 2)
    assert result.shape == (2, 16_000, 1)
    assert result[0, 0, 0] < 0.01
    assert result[1, -1, 0] > 0.99


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        (None, None, (300, 429)),
        ((40, 30), None, (40, 30)),
        (None, 429, (300, 429)),
        (None, 1000, (300, 429)),
        (None, 43, (30, 43)),
        ((1000, 10), 100, (100, 2)),
        ((1000, 1), 100, (100, 1)),
        ((64, 64), 32, (32, 32)),
        (None, 428, (299, 428)),
    ],
)
def test_target_size(size: tuple[int, int] | None, max_side: int | None, expected: tuple[int, int]) -> None:
    assert target_size(300, 429, size, max_side) == expected
