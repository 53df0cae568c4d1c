"""Real files in every mode and format, and what their numbers must be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image, features

from sfumato import images
from tests.images.made_files import (
    SHARED,
    chunk,
    cmyk_profile,
    gamma,
    grey_profile,
    grey_tiff,
    load,
    needs_shared,
    png,
    refusal,
    rgb_profile,
    write,
)

RNG = np.random.default_rng(20120117)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (5, 7, 4), dtype=np.uint8)


def stored(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What bytes must become, by Python's own division."""
    exact = np.array([np.float32(k / 255) for k in range(256)], dtype=np.float32)[values]
    return exact if exact.ndim == 3 else exact[:, :, np.newaxis]


def save(path: Path, values: NDArray[Any] | Image.Image, **options: Any) -> Path:
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    image.save(path, **options)
    return path


def assert_same(picture: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    assert picture.dtype == np.float32
    assert picture.flags.c_contiguous
    assert picture.flags.writeable
    np.testing.assert_array_equal(picture, expected)


LOSSLESS = [("png", {}), ("tif", {}), ("tif", {"compression": "tiff_lzw"}), ("webp", {"lossless": True, "exact": True})]


@pytest.mark.parametrize(("suffix", "options"), LOSSLESS)
def test_rgb_and_rgba_keep_their_values(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    assert_same(load(save(tmp_path / f"a.{suffix}", RGB, **options)), stored(RGB))
    assert_same(load(save(tmp_path / f"b.{suffix}", RGBA, **options)), stored(RGBA))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_grey_keeps_its_values(tmp_path: Path, suffix: str) -> None:
    assert_same(load(save(tmp_path / f"a.{suffix}", GREY)), stored(GREY))


def test_bmp_keeps_its_values(tmp_path: Path) -> None:
    assert_same(load(save(tmp_path / "a.bmp", RGB)), stored(RGB))


def test_every_byte_is_divided_by_255_and_rounded_once(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = load(save(tmp_path / "a.png", levels))
    assert [float(value) for value in picture.ravel()] == [float(np.float32(k / 255)) for k in range(256)]


@given(
    npst.arrays(
        np.uint8,
        st.tuples(st.integers(2, 9), st.integers(2, 9), st.sampled_from([1, 3])),
    )
)
@settings(max_examples=30, deadline=None)
def test_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, values: NDArray[np.uint8]) -> None:
    path = save(tmp_path_factory.mktemp("any") / "a.png", values[:, :, 0] if values.shape[2] == 1 else values)
    assert_same(load(path), stored(values))
    np.testing.assert_array_equal(images.to_uint8(load(path)), values)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_one_bit_is_black_and_white(tmp_path: Path, suffix: str) -> None:
    bits = GREY > 127
    picture = load(save(tmp_path / f"a.{suffix}", Image.fromarray(bits)), channels="grey")
    assert_same(picture, bits[:, :, np.newaxis].astype(np.float32))


def test_grey_with_alpha(tmp_path: Path) -> None:
    values = RNG.integers(0, 256, (5, 7, 2), dtype=np.uint8)
    expected = stored(values[:, :, [0, 0, 0, 1]])
    assert_same(load(save(tmp_path / "a.png", values)), expected)
    assert_same(load(save(tmp_path / "a.tif", values)), expected)
    values[:, :, 1] = 255
    assert_same(load(save(tmp_path / "opaque.png", values)), stored(values[:, :, 0]))


def test_alpha_that_is_opaque_is_dropped_by_auto(tmp_path: Path) -> None:
    values = RGBA.copy()
    values[:, :, 3] = 255
    path = save(tmp_path / "a.png", values)
    assert_same(load(path), stored(values[:, :, :3]))
    assert_same(load(path, channels="rgba"), stored(values))
    values[2, 3, 3] = 254
    assert_same(load(save(tmp_path / "b.png", values)), stored(values))


def palette_image() -> tuple[Image.Image, NDArray[np.uint8]]:
    colours = RNG.integers(0, 256, (11, 3), dtype=np.uint8)
    indices = RNG.integers(0, 11, (5, 7), dtype=np.uint8)
    image = Image.fromarray(indices, mode=None)
    image = Image.frombytes("P", (7, 5), indices.tobytes())
    image.putpalette(colours.tobytes())
    return image, colours[indices]


@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif"])
def test_palette(tmp_path: Path, suffix: str) -> None:
    image, expected = palette_image()
    assert_same(load(save(tmp_path / f"a.{suffix}", image)), stored(expected))


def test_palette_with_one_transparent_colour_and_with_an_alpha_for_each(tmp_path: Path) -> None:
    image, colours = palette_image()
    index = int(np.asarray(image)[0, 0])
    clear = np.asarray(image) == index
    expected = np.dstack([colours, np.where(clear, 0, 255).astype(np.uint8)])
    for suffix in ("png", "gif"):
        picture = load(save(tmp_path / f"a.{suffix}", image, transparency=index))
        np.testing.assert_array_equal(picture[:, :, 3], stored(expected)[:, :, 3])
        np.testing.assert_array_equal(picture[~clear], stored(expected)[~clear])
    alphas = bytes(range(20, 31))
    picture = load(save(tmp_path / "b.png", image, transparency=alphas))
    assert_same(picture, stored(np.dstack([colours, np.asarray(image) + np.uint8(20)])))


def test_palette_with_alpha_channel(tmp_path: Path) -> None:
    image, colours = palette_image()
    alpha = Image.fromarray(GREY)
    path = save(tmp_path / "a.tif", Image.merge("PA", (image, alpha)))
    assert_same(load(path), stored(np.dstack([colours, GREY])))


def rows_of(values: NDArray[Any]) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in values)


def test_a_transparent_colour_of_grey_and_of_rgb(tmp_path: Path) -> None:
    grey = png(7, 5, 8, 0, rows_of(GREY), chunk(b"tRNS", bytes((0, int(GREY[1, 2])))))
    picture = load(write(tmp_path, "a.png", grey))
    assert_same(picture, stored(np.dstack([GREY, GREY, GREY, np.where(GREY[1, 2] == GREY, 0, 255).astype(np.uint8)])))
    red, green, blue = (int(level) for level in RGB[1, 2])
    rgb = png(7, 5, 8, 2, rows_of(RGB), chunk(b"tRNS", bytes((0, red, 0, green, 0, blue))))
    alpha = np.where((RGB[1, 2] == RGB).all(axis=2), 0, 255).astype(np.uint8)
    assert alpha.min() == 0
    assert_same(load(write(tmp_path, "b.png", rgb)), stored(np.dstack([RGB, alpha])))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits(tmp_path: Path, bits: int) -> None:
    top = 2**bits - 1
    level = min(2, top)
    row = sum(value << (8 - bits * (place + 1)) for place, value in enumerate((level, 0)))
    data = png(2, 2, bits, 0, bytes((0, row, 0, row)), chunk(b"tRNS", bytes((0, level))))
    picture = load(write(tmp_path, "a.png", data))
    np.testing.assert_array_equal(picture[:, :, 3], [[0, 1], [0, 1]])
    np.testing.assert_allclose(picture[:, :, 0], [[level / top, 0]] * 2, atol=1e-7)


def test_a_transparent_colour_of_16_bits(tmp_path: Path) -> None:
    deep = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)
    key = int(deep[1, 2]).to_bytes(2, "big")
    picture = load(write(tmp_path, "a.png", png(7, 5, 16, 0, rows_of(deep.astype(">u2")), chunk(b"tRNS", key))))
    np.testing.assert_array_equal(picture[:, :, 3], np.where(deep == deep[1, 2], 0, 1))
    colours = RNG.integers(0, 65536, (5, 7, 3), dtype=np.uint16).astype(">u2")
    data = png(7, 5, 16, 2, rows_of(colours), chunk(b"tRNS", colours[1, 2].tobytes()))
    picture = load(write(tmp_path, "b.png", data))
    assert picture[1, 2, 3] == 0
    assert picture[:, :, 3].sum() == 34


def deep_grey() -> NDArray[np.uint16]:
    values = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)
    values[0, :3] = 0, 1, 65535
    return values


def expected_16(values: NDArray[Any]) -> NDArray[np.float32]:
    return (values.astype(np.float64) / 65535).astype(np.float32)[:, :, np.newaxis]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_16_bit_grey_keeps_its_16_bits(tmp_path: Path, order: str, packed: bool) -> None:
    values = deep_grey()
    assert_same(load(write(tmp_path, "a.tif", grey_tiff(values, order=order, packed=packed))), expected_16(values))


def test_16_bit_grey_png_and_32_bit_integers(tmp_path: Path) -> None:
    values = deep_grey()
    assert_same(load(save(tmp_path / "a.png", Image.fromarray(values))), expected_16(values))
    assert_same(load(save(tmp_path / "b.tif", Image.fromarray(values.astype(np.int32)))), expected_16(values))
    path = save(tmp_path / "c.tif", Image.fromarray(values.astype(np.int32) + 1))
    assert "integers from 0 to 65535" in refusal(path)
    path = save(tmp_path / "d.tif", Image.fromarray(values.astype(np.int32) - 1))
    assert "go from -1 to 65534" in refusal(path)


def test_16_bit_colour_comes_with_8_bits(tmp_path: Path) -> None:
    values = RNG.integers(0, 65536, (5, 7, 3), dtype=np.uint16)
    picture = load(write(tmp_path, "a.png", png(7, 5, 16, 2, rows_of(values.astype(">u2")))))
    assert np.abs(picture - values / 65535).max() < 1 / 255
    assert_same(picture, stored((values >> 8).astype(np.uint8)))


def test_16_bit_grey_with_alpha(tmp_path: Path) -> None:
    values = RNG.integers(0, 65536, (5, 7, 2), dtype=np.uint16)
    values[:, :, 1] |= 0xFF00
    path = write(tmp_path, "a.png", png(7, 5, 16, 4, rows_of(values.astype(">u2"))))
    assert_same(load(path), stored((values[:, :, :1] >> 8).astype(np.uint8)))


def test_white_is_zero(tmp_path: Path) -> None:
    values = deep_grey()
    path = write(tmp_path, "a.tif", grey_tiff(values, white_is_zero=True))
    assert_same(load(path), expected_16(65535 - values))
    path = write(tmp_path, "b.tif", grey_tiff(GREY, white_is_zero=True))
    assert_same(load(path), stored(255 - GREY))
    floats = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    path = write(tmp_path, "c.tif", grey_tiff(floats, white_is_zero=True))
    assert_same(load(path), 1 - floats[:, :, np.newaxis])


def test_twelve_bit_grey(tmp_path: Path) -> None:
    # Two values of 12 bits in three bytes: 0xABC and 0x123, then 0xFFF and 0.
    data = grey_tiff(np.zeros((2, 3), dtype=np.uint8)).replace(
        b"\x02\x01\x03\0\x01\0\0\0\x08\0\0\0", b"\x02\x01\x03\0\x01\0\0\0\x0c\0\0\0"
    )
    data = data.replace(b"\x00\x01\x04\0\x01\0\0\0\x03\0\0\0", b"\x00\x01\x04\0\x01\0\0\0\x02\0\0\0")
    data = data[:-6] + bytes((0xAB, 0xC1, 0x23, 0xFF, 0xF0, 0x00))
    expected = np.array([[0xABC, 0x123], [0xFFF, 0]]) / 4095
    np.testing.assert_allclose(load(write(tmp_path, "a.tif", data))[:, :, 0], expected, rtol=1e-7)


@pytest.mark.parametrize("top", [1, 255, 65535])
@pytest.mark.parametrize("order", ["<", ">"])
def test_float_grey_in_its_three_ranges(tmp_path: Path, top: int, order: str) -> None:
    values = np.linspace(0, top, 35, dtype=np.float32).reshape(5, 7)
    picture = load(write(tmp_path, "a.tif", grey_tiff(values, order=order)))
    np.testing.assert_allclose(picture[:, :, 0], values / top, rtol=1e-6)


def test_float_grey_may_overshoot_a_little_and_is_clipped(tmp_path: Path) -> None:
    values = np.array([[-0.05, 0.25], [0.5, 1.08]], dtype=np.float32)
    assert_same(
        load(write(tmp_path, "a.tif", grey_tiff(values))), np.array([[[0], [0.25]], [[0.5], [1]]], dtype=np.float32)
    )


@pytest.mark.parametrize(("worst", "rule"), [(np.nan, "finite"), (np.inf, "finite"), (-9, "from"), (1e6, "from 0 to")])
def test_float_grey_that_has_no_meaning_is_refused(tmp_path: Path, worst: float, rule: str) -> None:
    values = np.full((2, 2), 0.5, dtype=np.float32)
    values[1, 1] = worst
    assert rule in refusal(write(tmp_path, "a.tif", grey_tiff(values)))


def test_float_grey_that_pillow_misreads_is_refused(tmp_path: Path) -> None:
    values = np.full((2, 2), 0.5, dtype=np.float32)
    assert_same(load(write(tmp_path, "a.tif", grey_tiff(values, packed=True))), values[:, :, np.newaxis])
    assert "big-endian" in refusal(write(tmp_path, "b.tif", grey_tiff(values, packed=True, order=">")))


def test_cmyk_without_a_profile(tmp_path: Path) -> None:
    inks = RGBA.copy()
    inks[:, :, 3] = 0
    image = Image.frombytes("CMYK", (7, 5), inks.tobytes())
    for colour in ("managed", "raw"):
        assert_same(load(save(tmp_path / "a.tif", image), colour=colour), stored(255 - inks[:, :, :3]))
    flat = Image.new("CMYK", (16, 16), (10, 200, 90, 0))
    picture = load(save(tmp_path / "a.jpg", flat, quality=100))
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
    np.testing.assert_array_equal(load(path, colour="raw")[0, 1], [0, 1, 1])


def test_ycbcr_and_lab(tmp_path: Path) -> None:
    image = Image.new("YCbCr", (3, 2), (128, 128, 128))
    image.putpixel((1, 0), (76, 85, 255))
    grey, red, _ = load(save(tmp_path / "a.tif", image))[0]
    np.testing.assert_allclose(grey, np.full(3, 128 / 255), atol=1e-6)
    np.testing.assert_allclose(red, [1, 0, 0], atol=2 / 255)
    image = Image.new("LAB", (3, 2), (255, 0, 0))
    image.putpixel((1, 0), (0, 0, 0))
    image.putpixel((2, 0), (140, 80, 60))
    white, black, red = load(save(tmp_path / "b.tif", image))[0]
    np.testing.assert_allclose(white, [1, 1, 1], atol=2 / 255)
    np.testing.assert_allclose(black, [0, 0, 0], atol=2 / 255)
    assert red[0] > 0.8
    assert red[2] < 0.4


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_has_the_decoder_s_values(tmp_path: Path, mode: str) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(RGB).convert(mode), quality=90)
    with Image.open(path) as image:
        expected = np.asarray(image)
    assert np.ptp(expected) > 50
    assert_same(load(path), stored(expected))


def smooth() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:24, 0:32]
    return np.stack([rows * 8, columns * 6, 200 - rows * 4], axis=2).astype(np.uint8)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif(tmp_path: Path) -> None:
    picture = load(save(tmp_path / "a.avif", smooth(), quality=95))
    assert picture.shape == (24, 32, 3)
    np.testing.assert_allclose(picture, smooth() / 255, atol=8 / 255)
    alpha = np.dstack([smooth(), np.full((24, 32), 90, dtype=np.uint8)])
    assert abs(float(load(save(tmp_path / "b.avif", alpha, quality=95))[:, :, 3].mean()) - 90 / 255) < 0.02


def test_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    picture = load(save(tmp_path / "a.heic", smooth(), quality=95))
    assert picture.shape == (24, 32, 3)
    np.testing.assert_allclose(picture, smooth() / 255, atol=12 / 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = load(save(tmp_path / "b.heic", smooth(), quality=95, exif=exif))
    np.testing.assert_allclose(turned, np.rot90(smooth(), -1) / 255, atol=12 / 255)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_of_an_animation_the_first_frame(tmp_path: Path, suffix: str) -> None:
    first, second = Image.new("RGB", (4, 3), (255, 0, 0)), Image.new("RGB", (4, 3), (0, 0, 255))
    options = {"lossless": True} if suffix == "webp" else {}
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second], **options)
    assert_same(load(tmp_path / f"a.{suffix}"), np.broadcast_to(np.float32([1, 0, 0]), (3, 4, 3)))


PLACES: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    # Where a stored (row, column) is seen in a picture of height h and width w, from the definition in EXIF 2.3:
    # what the 0th row and the 0th column are.
    1: lambda r, c, h, w: (r, c),  # top, left
    2: lambda r, c, h, w: (r, w - 1 - c),  # top, right
    3: lambda r, c, h, w: (h - 1 - r, w - 1 - c),  # bottom, right
    4: lambda r, c, h, w: (h - 1 - r, c),  # bottom, left
    5: lambda r, c, h, w: (c, r),  # left, top
    6: lambda r, c, h, w: (c, w - 1 - r),  # right, top
    7: lambda r, c, h, w: (h - 1 - c, w - 1 - r),  # right, bottom
    8: lambda r, c, h, w: (h - 1 - c, r),  # left, bottom
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("suffix", "options"), LOSSLESS)
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str, options: dict[str, Any]) -> None:
    height, width = RGB.shape[:2]
    kept = np.zeros((width, height, 3) if orientation > 4 else RGB.shape, dtype=np.uint8)
    for r, c in np.ndindex(kept.shape[:2]):
        kept[r, c] = RGB[PLACES[orientation](r, c, height, width)]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a.{suffix}", kept, exif=exif, **options)
    assert_same(load(path), stored(RGB))
    assert_same(load(path, colour="raw"), stored(RGB))


@pytest.mark.parametrize("orientation", [6, 3])
def test_exif_orientation_of_jpeg(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.jpg", smooth(), quality=95, subsampling=0, exif=exif)
    expected = np.rot90(smooth(), -1 if orientation == 6 else 2) / 255
    np.testing.assert_allclose(load(path), expected, atol=10 / 255)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_means_nothing_changes_nothing(tmp_path: Path, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert_same(load(save(tmp_path / "a.png", RGB, exif=exif)), stored(RGB))
    assert_same(load(save(tmp_path / "b.png", RGB, exif=b"Exif\0\0nonsense")), stored(RGB))


def test_channels(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGB)
    luma = RGB.astype(np.float64) @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(load(path, channels="grey")[:, :, 0], luma, atol=1e-6)
    np.testing.assert_array_equal(load(path, channels="rgba"), np.dstack([stored(RGB), np.ones((5, 7), np.float32)]))
    path = save(tmp_path / "b.png", GREY)
    assert_same(load(path, channels="rgb"), stored(np.dstack([GREY] * 3)))


def test_over_white_or_without_alpha(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGBA)
    colours, alpha = RGBA[:, :, :3] / 255, RGBA[:, :, 3:] / 255
    np.testing.assert_allclose(load(path, channels="rgb"), colours * alpha + 1 - alpha, atol=1e-6)
    grey = (colours * alpha + 1 - alpha) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(load(path, channels="grey")[:, :, 0], grey, atol=1e-6)
    assert_same(load(path, channels="rgb", colour="raw"), stored(RGBA[:, :, :3]))
    assert_same(load(path, colour="raw"), stored(RGBA))


def test_a_profile_is_converted_unless_raw(tmp_path: Path) -> None:
    # Its red and green have changed places.
    path = save(tmp_path / "a.png", RGB, icc_profile=rgb_profile(gamma(2.2), (1, 0, 2)))
    assert_same(load(path, colour="raw"), stored(RGB))
    managed = load(path)
    assert np.abs(managed - stored(RGB)[:, :, [1, 0, 2]]).max() < 0.04
    assert np.abs(managed - stored(RGB)).max() > 0.3


@pytest.mark.parametrize("bits", [8, 16])
def test_a_profile_of_grey(tmp_path: Path, bits: int) -> None:
    values = GREY if bits == 8 else deep_grey()
    top = 2**bits - 1
    path = save(tmp_path / "a.png", Image.fromarray(values), icc_profile=grey_profile(1.0))
    expected = images.linear_to_srgb(values / top)
    managed = load(path)
    assert managed.shape == (5, 7, 1)
    # LittleCMS works with 16 bits, of which linear light needs more near black.
    np.testing.assert_allclose(managed[:, :, 0], expected, atol=0.75 / 255 if bits == 8 else 2e-4)
    np.testing.assert_allclose(load(path, colour="raw")[:, :, 0], values / top, atol=1e-7)


def test_alpha_survives_a_profile(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGBA, icc_profile=rgb_profile(gamma(2.2), (1, 0, 2)))
    picture = load(path)
    np.testing.assert_array_equal(picture[:, :, 3], stored(RGBA)[:, :, 3])
    assert np.abs(picture[:, :, :3] - stored(RGBA)[:, :, [1, 0, 2]]).max() < 0.04


@needs_shared
def test_the_profile_of_a_real_picture() -> None:
    path = SHARED / "mona-lisa-2012.jpg"
    raw = load(path, colour="raw")
    assert_same(raw, load(SHARED / "mona-lisa.png"))
    assert raw.shape == (429, 300, 3)
    # It is of gamma 1.8: converting it moves the picture by 26 dB.
    assert images.psnr(images.mse(load(path), raw)) == pytest.approx(26, abs=0.5)


def test_linear_light(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGBA)
    linear, plain = load(path, light="linear"), load(path)
    np.testing.assert_array_equal(linear[:, :, 3], plain[:, :, 3])
    np.testing.assert_allclose(linear[:, :, :3], images.srgb_to_linear(plain[:, :, :3].astype(np.float64)), atol=1e-6)
    assert np.abs(linear - plain).max() > 0.2
    path = save(tmp_path / "b.png", GREY)
    np.testing.assert_allclose(load(path, light="linear"), images.srgb_to_linear(load(path)), atol=1e-7)


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
    path = save(tmp_path / "a.png", GREY[:, :1])
    line = refusal(path)
    assert "at least 2x2 pixels" in line
    assert "1x5" in line
    assert load(path, size="4x4").shape == (4, 4, 1)
    wide = save(tmp_path / "b.png", np.tile(GREY[:2], (1, 100)))
    assert load(wide).shape == (2, 700, 1)
    assert "max_side" in refusal(wide, max_side=50)


@needs_shared
def test_too_many_values() -> None:
    line = refusal(SHARED / "mona-lisa.png", size="16384x16384")
    assert "at most 128,000,000 values" in line
    assert "805,306,368" in line
    side = int(line.split("max_side to ")[1].split()[0])
    assert side * side * 3 <= 128_000_000 < (side + 1) * (side + 1) * 3
