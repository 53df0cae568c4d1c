"""Values of real files of every mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.images.made_files import (
    GRAY,
    RGB,
    RGBA,
    assert_same,
    chunk,
    cmyk_profile,
    deep_gray,
    error_line,
    gray_tiff,
    load,
    noise,
    png,
    rows_of,
    save,
    stored,
    write,
)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_one_bit_is_black_and_white(tmp_path: Path, suffix: str) -> None:
    bits = GRAY > 127
    picture = load(save(tmp_path / f"a.{suffix}", Image.fromarray(bits)))
    assert_same(picture, bits[:, :, np.newaxis].astype(np.float32))


def test_gray_with_alpha(tmp_path: Path) -> None:
    values = noise((5, 7, 2))
    expected = stored(values[:, :, [0, 0, 0, 1]])
    assert_same(load(save(tmp_path / "a.png", values)), expected)
    assert_same(load(save(tmp_path / "a.tif", values)), expected)
    values[:, :, 1] = 255
    assert_same(load(save(tmp_path / "opaque.png", values)), stored(values[:, :, 0]))


def test_auto_drops_opaque_alpha(tmp_path: Path) -> None:
    values = RGBA.copy()
    values[:, :, 3] = 255
    path = save(tmp_path / "a.png", values)
    assert_same(load(path), stored(values[:, :, :3]))
    assert_same(load(path, channels="rgba"), stored(values))
    values[2, 3, 3] = 254
    assert_same(load(save(tmp_path / "b.png", values)), stored(values))


def palette_image() -> tuple[Image.Image, NDArray[np.uint8]]:
    colors = noise((11, 3))
    indices = noise((5, 7), 11)
    image = Image.frombytes("P", (7, 5), indices.tobytes())
    image.putpalette(colors.tobytes())
    return image, colors[indices]


@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif"])
def test_palette(tmp_path: Path, suffix: str) -> None:
    image, expected = palette_image()
    assert_same(load(save(tmp_path / f"a.{suffix}", image)), stored(expected))


def test_palette_with_one_transparent_color_and_with_alpha_per_color(tmp_path: Path) -> None:
    image, colors = palette_image()
    index = int(np.asarray(image)[0, 0])
    clear = np.asarray(image) == index
    expected = np.dstack([colors, np.where(clear, 0, 255).astype(np.uint8)])
    for suffix in ("png", "gif"):
        picture = load(save(tmp_path / f"a.{suffix}", image, transparency=index))
        np.testing.assert_array_equal(picture[:, :, 3], stored(expected)[:, :, 3])
        np.testing.assert_array_equal(picture[~clear], stored(expected)[~clear])
    alphas = bytes(range(20, 31))
    picture = load(save(tmp_path / "b.png", image, transparency=alphas))
    assert_same(picture, stored(np.dstack([colors, np.asarray(image) + np.uint8(20)])))


def test_palette_with_alpha_channel(tmp_path: Path) -> None:
    image, colors = palette_image()
    alpha = Image.fromarray(GRAY)
    path = save(tmp_path / "a.tif", Image.merge("PA", (image, alpha)))
    assert_same(load(path), stored(np.dstack([colors, GRAY])))


def test_a_transparent_color_of_gray_and_of_rgb(tmp_path: Path) -> None:
    gray = png(7, 5, 8, 0, rows_of(GRAY), chunk(b"tRNS", bytes((0, int(GRAY[1, 2])))))
    picture = load(write(tmp_path, "a.png", gray))
    assert_same(picture, stored(np.dstack([GRAY, GRAY, GRAY, np.where(GRAY[1, 2] == GRAY, 0, 255).astype(np.uint8)])))
    red, green, blue = (int(level) for level in RGB[1, 2])
    rgb = png(7, 5, 8, 2, rows_of(RGB), chunk(b"tRNS", bytes((0, red, 0, green, 0, blue))))
    alpha = np.where((RGB[1, 2] == RGB).all(axis=2), 0, 255).astype(np.uint8)
    assert alpha.min() == 0
    assert_same(load(write(tmp_path, "b.png", rgb)), stored(np.dstack([RGB, alpha])))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits(tmp_path: Path, bits: int) -> None:
    top = 2**bits - 1
    level = min(2, top)
    row = sum(value << (8 - bits * (index + 1)) for index, value in enumerate((level, 0)))
    data = png(2, 2, bits, 0, bytes((0, row, 0, row)), chunk(b"tRNS", bytes((0, level))))
    picture = load(write(tmp_path, "a.png", data))
    np.testing.assert_array_equal(picture[:, :, 3], [[0, 1], [0, 1]])
    np.testing.assert_allclose(picture[:, :, 0], [[level / top, 0]] * 2, atol=1e-7)


def test_a_transparent_color_of_16_bits(tmp_path: Path) -> None:
    deep = noise((5, 7), 65536)
    key = int(deep[1, 2]).to_bytes(2, "big")
    picture = load(write(tmp_path, "a.png", png(7, 5, 16, 0, rows_of(deep.astype(">u2")), chunk(b"tRNS", key))))
    np.testing.assert_array_equal(picture[:, :, 3], np.where(deep == deep[1, 2], 0, 1))
    colors = noise((5, 7, 3), 65536).astype(">u2")
    data = png(7, 5, 16, 2, rows_of(colors), chunk(b"tRNS", colors[1, 2].tobytes()))
    picture = load(write(tmp_path, "b.png", data))
    assert picture[1, 2, 3] == 0
    assert picture[:, :, 3].sum() == 34


def expected_16(values: NDArray[Any]) -> NDArray[np.float32]:
    return (values.astype(np.float64) / 65535).astype(np.float32)[:, :, np.newaxis]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_16_bit_gray_has_16_bits(tmp_path: Path, order: str, packed: bool) -> None:
    values = deep_gray()
    assert_same(load(write(tmp_path, "a.tif", gray_tiff(values, order=order, packed=packed))), expected_16(values))


def test_16_bit_gray_png_and_32_bit_integers(tmp_path: Path) -> None:
    values = deep_gray()
    assert_same(load(save(tmp_path / "a.png", Image.fromarray(values))), expected_16(values))
    assert_same(load(save(tmp_path / "b.tif", Image.fromarray(values.astype(np.int32)))), expected_16(values))
    path = save(tmp_path / "c.tif", Image.fromarray(values.astype(np.int32) + 1))
    assert "integers from 0 to 65535" in error_line(path)
    path = save(tmp_path / "d.tif", Image.fromarray(values.astype(np.int32) - 1))
    assert "values from -1 to 65534" in error_line(path)


def test_16_bit_color_has_8_bits(tmp_path: Path) -> None:
    values = noise((5, 7, 3), 65536)
    picture = load(write(tmp_path, "a.png", png(7, 5, 16, 2, rows_of(values.astype(">u2")))))
    assert np.abs(picture - values / 65535).max() < 1 / 255
    assert_same(picture, stored((values >> 8).astype(np.uint8)))


def test_16_bit_gray_with_alpha(tmp_path: Path) -> None:
    values = noise((5, 7, 2), 65536)
    values[:, :, 1] |= 0xFF00
    path = write(tmp_path, "a.png", png(7, 5, 16, 4, rows_of(values.astype(">u2"))))
    assert_same(load(path), stored((values[:, :, :1] >> 8).astype(np.uint8)))


def test_white_is_zero(tmp_path: Path) -> None:
    values = deep_gray()
    path = write(tmp_path, "a.tif", gray_tiff(values, white_is_zero=True))
    assert_same(load(path), expected_16(65535 - values))
    path = write(tmp_path, "b.tif", gray_tiff(GRAY, white_is_zero=True))
    assert_same(load(path), stored(255 - GRAY))
    floats = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    path = write(tmp_path, "c.tif", gray_tiff(floats, white_is_zero=True))
    assert_same(load(path), 1 - floats[:, :, np.newaxis])


def test_twelve_bit_gray(tmp_path: Path) -> None:
    # Two values of 12 bits in three bytes: 0xABC and 0x123, then 0xFFF and 0.
    data = gray_tiff(np.zeros((2, 3), dtype=np.uint8)).replace(
        b"\x02\x01\x03\0\x01\0\0\0\x08\0\0\0", b"\x02\x01\x03\0\x01\0\0\0\x0c\0\0\0"
    )
    data = data.replace(b"\x00\x01\x04\0\x01\0\0\0\x03\0\0\0", b"\x00\x01\x04\0\x01\0\0\0\x02\0\0\0")
    data = data[:-6] + bytes((0xAB, 0xC1, 0x23, 0xFF, 0xF0, 0x00))
    expected = np.array([[0xABC, 0x123], [0xFFF, 0]]) / 4095
    np.testing.assert_allclose(load(write(tmp_path, "a.tif", data))[:, :, 0], expected, rtol=1e-7)


@pytest.mark.parametrize("top", [1, 255, 65535])
@pytest.mark.parametrize("order", ["<", ">"])
def test_float_gray_in_its_three_ranges(tmp_path: Path, top: int, order: str) -> None:
    values = np.linspace(0, top, 35, dtype=np.float32).reshape(5, 7)
    picture = load(write(tmp_path, "a.tif", gray_tiff(values, order=order)))
    np.testing.assert_allclose(picture[:, :, 0], values / top, rtol=1e-6)


def test_float_gray_may_overshoot_a_little_and_is_clipped(tmp_path: Path) -> None:
    values = np.array([[-0.05, 0.25], [0.5, 1.08]], dtype=np.float32)
    assert_same(
        load(write(tmp_path, "a.tif", gray_tiff(values))), np.array([[[0], [0.25]], [[0.5], [1]]], dtype=np.float32)
    )


@pytest.mark.parametrize(
    ("worst", "rule"), [(np.nan, "finite"), (np.inf, "finite"), (-9, "from -9 to"), (1e6, "from 0.5 to")]
)
def test_float_gray_outside_of_its_ranges_is_rejected(tmp_path: Path, worst: float, rule: str) -> None:
    values = np.full((2, 2), 0.5, dtype=np.float32)
    values[1, 1] = worst
    assert rule in error_line(write(tmp_path, "a.tif", gray_tiff(values)))


def test_float_gray_that_pillow_misreads_is_rejected(tmp_path: Path) -> None:
    values = np.full((2, 2), 0.5, dtype=np.float32)
    assert_same(load(write(tmp_path, "a.tif", gray_tiff(values, packed=True))), values[:, :, np.newaxis])
    assert "big-endian" in error_line(write(tmp_path, "b.tif", gray_tiff(values, packed=True, order=">")))


def test_cmyk_without_a_profile(tmp_path: Path) -> None:
    inks = RGBA.copy()
    inks[:, :, 3] = 0
    image = Image.frombytes("CMYK", (7, 5), inks.tobytes())
    for managed in (True, False):
        assert_same(load(save(tmp_path / "a.tif", image), color_management=managed), stored(255 - inks[:, :, :3]))
    uniform = Image.new("CMYK", (16, 16), (10, 200, 90, 0))
    picture = load(save(tmp_path / "a.jpg", uniform, quality=100))
    np.testing.assert_allclose(picture, np.broadcast_to(np.array([245, 55, 165]) / 255, (16, 16, 3)), atol=2 / 255)


def test_cmyk_with_a_profile(tmp_path: Path) -> None:
    image = Image.new("CMYK", (3, 2))
    image.putpixel((1, 0), (255, 0, 0, 0))
    image.putpixel((2, 0), (0, 0, 0, 255))
    path = save(tmp_path / "a.tif", image, icc_profile=cmyk_profile())
    paper, cyan, black = load(path)[0]
    np.testing.assert_array_equal(paper, [1, 1, 1])
    np.testing.assert_array_equal(black, [0, 0, 0])
    assert cyan[0] > 0.8
    assert cyan[2] < 0.4
    np.testing.assert_array_equal(load(path, color_management=False)[0, 1], [0, 1, 1])


def test_ycbcr_and_lab(tmp_path: Path) -> None:
    image = Image.new("YCbCr", (3, 2), (128, 128, 128))
    image.putpixel((1, 0), (76, 85, 255))
    gray, red, _ = load(save(tmp_path / "a.tif", image))[0]
    np.testing.assert_allclose(gray, np.full(3, 128 / 255), atol=1e-6)
    np.testing.assert_allclose(red, [1, 0, 0], atol=2 / 255)
    image = Image.new("LAB", (3, 2), (255, 128, 128))
    image.putpixel((1, 0), (0, 128, 128))
    image.putpixel((2, 0), (140, 208, 188))
    white, black, red = load(save(tmp_path / "b.tif", image))[0]
    np.testing.assert_allclose(white, [1, 1, 1], atol=2 / 255)
    np.testing.assert_allclose(black, [0, 0, 0], atol=2 / 255)
    assert red[0] > 0.8
    assert red[2] < 0.4
