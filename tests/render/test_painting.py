from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from sfumato.errors import PictureError
from sfumato.render import composite, error_map, side_by_side, write_png
from tests.render.moving import painting

DARK = matplotlib.colormaps["magma"](0.0)[:3]
LIGHT = matplotlib.colormaps["magma"](1.0)[:3]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_png_contains_the_picture(tmp_path: Path, channels: int, mode: str) -> None:
    values = np.arange(5 * 7 * channels, dtype=np.float32).reshape(5, 7, channels) / 139
    write_png(tmp_path / "picture.partial", values)
    with Image.open(tmp_path / "picture.partial") as image:
        assert (image.format, image.mode, image.size) == ("PNG", mode, (7, 5))
        assert np.array_equal(np.asarray(image).reshape(5, 7, channels), np.rint(values * 255))


def test_a_png_is_clipped(tmp_path: Path) -> None:
    write_png(tmp_path / "a", np.array([[[-1.0], [0.5], [2.0], [np.nan], [np.inf]]], np.float32))
    with Image.open(tmp_path / "a") as image:
        assert np.asarray(image).tolist() == [[0, 128, 255, 0, 255]]


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (0, 4, 3), (1, 4, 4, 3)])
def test_a_png_of_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match="channels"):
        write_png(tmp_path / "a", np.zeros(shape, np.float32))


def test_a_png_of_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="floating-point"):
        write_png(tmp_path / "a", np.zeros((4, 4, 3), np.uint8))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_equal_pictures_have_a_dark_error_map(channels: int) -> None:
    picture = np.random.default_rng(0).random((6, 5, channels), np.float32)
    error = error_map(picture, picture)
    assert error.shape == (6, 5, 3)
    assert error.dtype == np.float32
    assert np.abs(error - np.array(DARK)).max() < 1e-6


def test_an_error_map_shows_the_absolute_error() -> None:
    target = np.full((1, 5, 3), 0.5, np.float32)
    painted = target.copy()
    painted[0, :, 0] += np.array([0.0, 0.3, -0.3, 0.375, 9.0], np.float32)
    error = error_map(target, painted, largest=0.2)
    # The means over three channels are 0, 0.1, 0.1, 0.125, and 0.5 / 3 after clipping to 1.
    assert error[0, 0] == pytest.approx(DARK)
    for column, share in ((1, 0.5), (2, 0.5), (3, 0.625), (4, 0.833)):
        assert error[0, column] == pytest.approx(matplotlib.colormaps["magma"](share)[:3], abs=0.02)
    assert error_map(target, painted, largest=0.125)[0, 3:] == pytest.approx(np.array([LIGHT, LIGHT]), abs=0.02)


def test_an_error_map_treats_nan_as_black() -> None:
    target = np.full((1, 1, 3), 0.1, np.float32)
    assert np.array_equal(error_map(target, np.full_like(target, np.nan)), error_map(target, np.zeros_like(target)))


def test_an_error_map_grows_lighter_with_the_error() -> None:
    error = error_map(np.zeros((1, 50, 1), np.float32), np.linspace(0, 0.25, 50, dtype=np.float32).reshape(1, 50, 1))
    lightness = error @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness[0]) > 0).all()


def test_an_error_map_of_different_shapes_is_refused() -> None:
    with pytest.raises(PictureError, match=r"\(4, 4, 3\)"):
        error_map(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 1), np.float32))
    for largest in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="largest"):
            error_map(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 3), np.float32), largest=largest)


def test_pictures_are_joined_side_by_side() -> None:
    gray = np.full((3, 2, 1), 0.25, np.float32)
    red = np.tile(np.array([1, 0, 0], np.float32), (3, 4, 1))
    row = side_by_side([gray, red], gap=2)
    assert row.shape == (3, 8, 3)
    assert (row[:, :2] == 0.25).all()
    assert (row[:, 2:4] < 0.1).all()
    assert np.array_equal(row[:, 4:], red)
    transparent = side_by_side([red, np.zeros((3, 1, 4), np.float32)], gap=1)
    assert transparent.shape == (3, 6, 4)
    assert transparent[0, :, 3].tolist() == [1, 1, 1, 1, 1, 0]
    assert np.array_equal(side_by_side([red], gap=5), red)


def test_pictures_of_different_heights_are_refused() -> None:
    for wrong in ([], [np.zeros((3, 2, 3), np.float32), np.zeros((4, 2, 3), np.float32)]):
        with pytest.raises(PictureError, match="one height"):
            side_by_side(wrong)
    with pytest.raises(ValueError, match="gap"):
        side_by_side([np.zeros((3, 2, 3), np.float32)], gap=-1)


def test_a_composite_is_target_painting_and_error() -> None:
    target, painted = painting(30, 20, 0.0), painting(30, 20, 0.5)
    row = composite(target, painted, gap=4, largest=0.5)
    assert row.shape == (20, 98, 3)
    assert np.array_equal(row[:, :30], target)
    assert np.array_equal(row[:, 34:64], painted)
    assert np.array_equal(row[:, 68:], error_map(target, painted, largest=0.5))


def test_a_composite_enlarges_a_smaller_painting() -> None:
    target = painting(60, 40)
    row = composite(target, painting(30, 20))
    assert row.shape == (40, 196, 3)
    assert np.abs(row[:, 68:128] - target).mean() < 0.01
