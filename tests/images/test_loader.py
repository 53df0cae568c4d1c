"""Loading of pictures by the settings of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image

from sfumato import images
from sfumato.images import loader
from sfumato.log import log_to
from sfumato.runs import run_json
from tests.images.made_files import (
    GRAY,
    LOSSLESS,
    RGB,
    RGBA,
    SHARED,
    assert_same,
    deep_gray,
    error_line,
    gamma,
    gray_profile,
    load,
    needs_shared,
    noise,
    rgb_profile,
    save,
    stored,
)


@pytest.mark.parametrize(("suffix", "options"), LOSSLESS)
def test_rgb_and_rgba_values_are_exact(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    assert_same(load(save(tmp_path / f"a.{suffix}", RGB, **options)), stored(RGB))
    assert_same(load(save(tmp_path / f"b.{suffix}", RGBA, **options)), stored(RGBA))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_gray_values_are_exact(tmp_path: Path, suffix: str) -> None:
    assert_same(load(save(tmp_path / f"a.{suffix}", GRAY)), stored(GRAY))


def test_bmp_values_are_exact(tmp_path: Path) -> None:
    assert_same(load(save(tmp_path / "a.bmp", RGB)), stored(RGB))


def test_every_byte_is_divided_by_255_and_rounded_once(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = load(save(tmp_path / "a.png", levels))
    assert [float(value) for value in picture.ravel()] == [float(np.float32(k / 255)) for k in range(256)]


@pytest.mark.slow
@given(
    npst.arrays(
        np.uint8,
        st.tuples(st.integers(2, 9), st.integers(2, 9), st.sampled_from([1, 3])),
    )
)
@settings(max_examples=30)
def test_any_bytes_survive_the_round_trip(tmp_path_factory: pytest.TempPathFactory, values: NDArray[np.uint8]) -> None:
    path = save(tmp_path_factory.mktemp("any") / "a.png", values[:, :, 0] if values.shape[2] == 1 else values)
    assert_same(load(path), stored(values))
    np.testing.assert_array_equal(images.to_uint8(load(path)), values)


def test_channels(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGB)
    luma = RGB.astype(np.float64) @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(load(path, channels="gray")[:, :, 0], luma, atol=1e-6)
    np.testing.assert_array_equal(load(path, channels="rgba"), np.dstack([stored(RGB), np.ones((5, 7), np.float32)]))
    path = save(tmp_path / "b.png", GRAY)
    assert_same(load(path, channels="rgb"), stored(np.dstack([GRAY] * 3)))


def test_alpha_is_composited_over_white_or_dropped(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGBA)
    colors, alpha = RGBA[:, :, :3] / 255, RGBA[:, :, 3:] / 255
    np.testing.assert_allclose(load(path, channels="rgb"), colors * alpha + 1 - alpha, atol=1e-6)
    gray = (colors * alpha + 1 - alpha) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(load(path, channels="gray")[:, :, 0], gray, atol=1e-6)
    assert_same(load(path, channels="rgb", color_management=False), stored(RGBA[:, :, :3]))
    assert_same(load(path, color_management=False), stored(RGBA))


def test_a_profile_is_converted_with_color_management_alone(tmp_path: Path) -> None:
    # The profile swaps red and green.
    path = save(tmp_path / "a.png", RGB, icc_profile=rgb_profile(gamma(2.2), (1, 0, 2)))
    assert_same(load(path, color_management=False), stored(RGB))
    managed = load(path)
    assert np.abs(managed - stored(RGB)[:, :, [1, 0, 2]]).max() < 0.04
    assert np.abs(managed - stored(RGB)).max() > 0.3


@pytest.mark.parametrize("bits", [8, 16])
def test_a_profile_of_gray(tmp_path: Path, bits: int) -> None:
    values = GRAY if bits == 8 else deep_gray()
    top = 2**bits - 1
    path = save(tmp_path / "a.png", Image.fromarray(values), icc_profile=gray_profile(1.0))
    expected = images.linear_to_srgb(values / top)
    managed = load(path)
    assert managed.shape == (5, 7, 1)
    np.testing.assert_allclose(managed[:, :, 0], expected, atol=0.51 / 255 if bits == 8 else 2 / 65535)
    np.testing.assert_allclose(load(path, color_management=False)[:, :, 0], values / top, atol=1e-7)


def test_alpha_survives_a_profile(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGBA, icc_profile=rgb_profile(gamma(2.2), (1, 0, 2)))
    picture = load(path)
    np.testing.assert_array_equal(picture[:, :, 3], stored(RGBA)[:, :, 3])
    assert np.abs(picture[:, :, :3] - stored(RGBA)[:, :, [1, 0, 2]]).max() < 0.04


@needs_shared
def test_the_profile_of_a_real_picture() -> None:
    path = SHARED / "mona-lisa-2012.jpg"
    raw = load(path, color_management=False)
    assert_same(raw, load(SHARED / "mona-lisa.png"))
    assert raw.shape == (429, 300, 3)
    # Its gamma is 1.8: the conversion changes the picture by 26 dB PSNR.
    assert images.psnr(images.mse(load(path), raw)) == pytest.approx(26, abs=0.5)


def test_linear_light(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGBA)
    linear, plain = load(path, transfer="linear"), load(path)
    np.testing.assert_array_equal(linear[:, :, 3], plain[:, :, 3])
    np.testing.assert_allclose(linear[:, :, :3], images.srgb_to_linear(plain[:, :, :3].astype(np.float64)), atol=1e-6)
    assert np.abs(linear - plain).max() > 0.2
    path = save(tmp_path / "b.png", GRAY)
    np.testing.assert_allclose(load(path, transfer="linear"), images.srgb_to_linear(load(path)), atol=1e-7)


@needs_shared
def test_resizing_eight_bits_agrees_with_pillow() -> None:
    small = load(SHARED / "mona-30x43.png")
    picture = load(SHARED / "mona-lisa.png", size="30x43")
    assert picture.shape == small.shape == (43, 30, 3)
    assert 0 < np.abs(picture - small).max() < 1.5 / 255


def test_size_and_max_side() -> None:
    assert load("camera", size="40x30").shape == (30, 40, 1)
    assert load("coffee", max_side=60).shape == (40, 60, 3)
    assert load("coffee", max_side=6000).shape == (400, 600, 3)
    assert load("coffee", size="90x300", max_side=100).shape == (100, 30, 3)
    assert load("camera", size="600x700").shape == (700, 600, 1)


def test_one_pixel_wide(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", GRAY[:, :1])
    line = error_line(path)
    assert "at least 2x2 pixels" in line
    assert "1x5" in line
    assert load(path, size="4x4").shape == (4, 4, 1)
    wide = save(tmp_path / "b.png", np.tile(GRAY[:2], (1, 100)))
    assert load(wide).shape == (2, 700, 1)
    assert load(wide, max_side=50).shape == (2, 50, 1)


@needs_shared
def test_too_many_values() -> None:
    line = error_line(SHARED / "mona-lisa.png", size="16384x16384")
    assert "at most 128,000,000 values" in line
    assert "805,306,368" in line
    side = int(line.split("max_side to ")[1].split()[0])
    assert side * side * 3 <= 128_000_000 < (side + 1) * (side + 1) * 3


def test_runs_accept_every_picture_that_can_be_loaded() -> None:
    assert run_json.MAX_VALUES == loader.MAX_VALUES


def test_a_large_picture_is_shrunk_by_default_and_that_is_logged(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", noise((20, 2050)))
    lines: list[str] = []
    with log_to(lines.append):
        assert load(path).shape == (10, 1024, 1)
        assert load(path, max_side=None).shape == (20, 2050, 1)
        assert load(path, size="1500x30").shape == (30, 1500, 1)
        assert load(path, max_side=200).shape == (2, 200, 1)
        assert load("cat").shape == (300, 451, 3)
    assert lines == ["picture of 2050x20 is learned at 1024x10; --picture.max-side none learns all of it"]


def test_the_suggested_size_for_a_picture_that_is_too_small_works(tmp_path: Path) -> None:
    for shape in ((1, 9), (9, 1)):
        path = save(tmp_path / "a.png", noise(shape))
        size = error_line(path).split("such as ")[1].rstrip(".")
        assert load(path, size=size).shape[:2] == tuple(max(2, side) for side in shape)
    assert "take another picture" in error_line(save(tmp_path / "b.png", noise((1, 1))))
    assert load(save(tmp_path / "c.png", noise((2, 3000)))).shape == (2, 1024, 1)
