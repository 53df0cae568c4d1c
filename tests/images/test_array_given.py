"""Pictures in memory are loaded like their files: Pillow's images, arrays, tensors and nested lists."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from sfumato import images
from sfumato.errors import PictureError, RecipeError
from sfumato.recipe import Picture
from tests.images.made_files import (
    GRAY,
    RGB,
    RGBA,
    assert_same,
    chunk,
    cmyk_profile,
    deep_gray,
    gamma,
    gray_profile,
    gray_tiff,
    load,
    noise,
    png,
    rgb_profile,
    rows_of,
    stored,
)


def load_in_memory(picture: object, **fields: object) -> NDArray[np.float32]:
    return images.load(Picture.of({"source": "memory", **fields}), picture)


def error_line(picture: object) -> str:
    with pytest.raises(PictureError) as caught:
        load_in_memory(picture)
    line = str(caught.value)
    assert line.isprintable(), line
    assert line.startswith("the picture must be "), line
    return line


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def with_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def palette(values: NDArray[np.uint8], **info: Any) -> Image.Image:
    image = Image.fromarray(values % 5, "L")
    image.putpalette([level for index in range(5) for level in (index * 50, 255 - index * 30, index * 7)])
    colored = Image.frombytes("P", image.size, image.tobytes())
    colored.putpalette(image.getpalette() or [])
    colored.info.update(info)
    return colored


SMOOTH = Image.fromarray(noise((12, 9, 3)))

FILES: dict[str, bytes] = {
    "rgb.png": saved(Image.fromarray(RGB), "PNG"),
    "rgba.png": saved(Image.fromarray(RGBA), "PNG"),
    "opaque.png": saved(Image.fromarray(RGB).convert("RGBA"), "PNG"),
    "gray.png": saved(Image.fromarray(GRAY), "PNG"),
    "la.png": saved(Image.fromarray(RGBA).convert("LA"), "PNG"),
    "palette.png": saved(palette(GRAY), "PNG"),
    "clear-palette.png": saved(palette(GRAY), "PNG", transparency=2),
    "half-clear-palette.png": saved(palette(GRAY), "PNG", transparency=bytes([0, 60, 120, 200, 255])),
    "gray.gif": saved(Image.fromarray(GRAY), "GIF"),
    "key.png": saved(Image.fromarray(RGB), "PNG", transparency=tuple(int(level) for level in RGB[1, 1])),
    "one-bit.png": saved(Image.fromarray(GRAY).convert("1"), "PNG"),
    "two-bit-key.png": png(8, 8, 2, 0, b"\0\x1b\x1b" * 8, before=chunk(b"tRNS", b"\0\2")),
    "deep.png": saved(Image.fromarray(deep_gray()), "PNG"),
    "deep-alpha.png": png(5, 4, 16, 4, rows_of(noise((4, 10), 65536).astype(">u2"))),
    "deep.tif": gray_tiff(deep_gray()),
    "big-endian.tif": gray_tiff(deep_gray(), order=">"),
    "white-is-zero.tif": gray_tiff(deep_gray(), white_is_zero=True),
    "float.tif": gray_tiff((GRAY / 255).astype(np.float32)),
    "float-white-is-zero.tif": gray_tiff((GRAY / 255).astype(np.float32), white_is_zero=True),
    "cmyk.jpg": saved(SMOOTH.convert("CMYK"), "JPEG"),
    "cmyk-profile.tif": saved(SMOOTH.convert("CMYK"), "TIFF", icc_profile=cmyk_profile()),
    "lab.tif": saved(Image.fromarray(noise((5, 7, 3)), "LAB"), "TIFF"),
    "profile.png": saved(Image.fromarray(RGB), "PNG", icc_profile=rgb_profile(gamma(2.2), (1, 0, 2))),
    "gray-profile.png": saved(Image.fromarray(GRAY), "PNG", icc_profile=gray_profile(1.0)),
    "turned.jpg": saved(SMOOTH, "JPEG", exif=with_orientation(6)),
    "mirrored.png": saved(SMOOTH, "PNG", exif=with_orientation(5)),
    "turned.webp": saved(SMOOTH, "WEBP", exif=with_orientation(8), lossless=True),
    "turned.tif": saved(SMOOTH, "TIFF", exif=with_orientation(3)),
}

LOST_WHEN_LOADED = {"two-bit-key.png", "deep-alpha.png"}
"""Files whose sample layout Pillow's image does not know after loading; nor does a copy of one whose 0 is white."""

SETTINGS: list[dict[str, object]] = [
    {},
    {"color_management": False},
    {"channels": "rgb", "max_side": 4},
    {"transfer": "linear"},
]


@pytest.mark.parametrize(("name", "fields"), list(itertools.product(FILES, SETTINGS)), ids=str)
def test_an_image_is_loaded_like_its_file(tmp_path: Path, name: str, fields: dict[str, object]) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    expected = load(path, **fields)
    with Image.open(path) as image:
        assert_same(load_in_memory(image, **fields), expected)
        # Again, to show that it was not changed.
        if name not in LOST_WHEN_LOADED:
            assert_same(load_in_memory(image, **fields), expected)
            if "white-is-zero" not in name:
                assert_same(load_in_memory(image.copy(), **fields), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_orientation_agrees_with_pillow_for_files_and_images(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = tmp_path / f"a.{suffix}"
    SMOOTH.save(path, exif=with_orientation(orientation))
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    assert_same(load(path), stored(upright))
    with Image.open(path) as image:
        assert_same(load_in_memory(image), stored(upright))
    with Image.open(path) as image:
        assert_same(load_in_memory(ImageOps.exif_transpose(image)), stored(upright))


def test_the_sought_frame_of_an_animation_is_loaded(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((4, 4), level, np.uint8)) for level in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "a.gif") as film:
        assert_same(load_in_memory(film), load(tmp_path / "a.gif"))
        film.seek(1)
        assert load_in_memory(film).mean() == pytest.approx(200 / 255, abs=1e-6)


@pytest.mark.parametrize(
    "values", [GRAY, RGB, RGBA, np.ascontiguousarray(RGBA[:, :, :2])], ids=["L", "RGB", "RGBA", "LA"]
)
@pytest.mark.parametrize("fields", SETTINGS, ids=str)
def test_an_array_is_loaded_like_its_file(tmp_path: Path, values: NDArray[np.uint8], fields: dict[str, object]) -> None:
    image = Image.fromarray(values, "LA" if values.shape[2:] == (2,) else None)
    image.save(tmp_path / "a.png")
    expected = load(tmp_path / "a.png", **fields)
    unit = values / 255
    read_only = values.copy()
    read_only.flags.writeable = False
    scattered = np.zeros((values.shape[0] * 2, values.shape[1] * 3, *values.shape[2:]), np.uint8)[::2, ::3]
    scattered[:] = values
    same: list[object] = [
        np.asarray(image),
        values,
        read_only,
        scattered,
        np.asfortranarray(values),
        values[::-1, ::-1][::-1, ::-1],
        np.ma.masked_array(values, mask=False),
        torch.from_numpy(values),
        values.astype(np.uint16) * 257,
        (values.astype(np.uint16) * 257).astype(">u2"),
        unit,
        unit.astype(np.float32),
        unit.astype(">f8"),
        unit.astype(np.longdouble),
        unit.tolist(),
        torch.from_numpy(unit).requires_grad_(),
        torch.from_numpy(unit)[:],
    ]
    for picture in same:
        np.testing.assert_allclose(load_in_memory(picture, **fields), expected, rtol=0, atol=1.2e-7)
    for picture in same[:9]:
        assert_same(load_in_memory(picture, **fields), expected) if not fields else None


def test_every_level_of_8_and_16_bits_is_rounded_once() -> None:
    for levels, top in ((np.arange(256, dtype=np.uint8), 255), (np.arange(65536, dtype=np.uint16), 65535)):
        expected = (levels.astype(np.float64) / top).astype(np.float32)
        for picture in (levels, levels / top, (levels / top).astype(np.float32)):
            np.testing.assert_array_equal(
                load_in_memory(picture.reshape(-1, 16), max_side=None)[:, :, 0].ravel(), expected
            )


def test_bools_and_short_floats() -> None:
    bits = GRAY > 100
    assert_same(load_in_memory(bits), bits.astype(np.float32)[:, :, np.newaxis])
    assert_same(load_in_memory(torch.from_numpy(bits)), bits.astype(np.float32)[:, :, np.newaxis])
    half = (GRAY / 255).astype(np.float16)
    assert_same(load_in_memory(half), half.astype(np.float32)[:, :, np.newaxis])
    short = torch.from_numpy(GRAY / 255).to(torch.bfloat16)
    assert_same(load_in_memory(short), short.float().numpy()[:, :, np.newaxis])


def test_rounding_is_clipped_and_no_array_is_changed() -> None:
    values = np.array([[-1e-4, 1.000001], [0.5, 1.0005]])
    before = values.copy()
    assert_same(load_in_memory(values), np.array([[0, 1], [0.5, 1]], np.float32)[:, :, np.newaxis])
    picture = load_in_memory(values, transfer="linear")
    picture[:] = 7
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GRAY.astype(np.float64), ["floats in [0, 1]", "values from 3 to 247", "divide them by 255"]),
        (lambda: deep_gray() / 1.0, ["values from 0 to 65535", "divide them by 65535"]),
        (lambda: GRAY / 127.5 - 1, ["values from -", "(array + 1) / 2"]),
        (lambda: np.array([[0.0, 1.01], [1, 1]]), ["values from 0 to 1.01", "[0, 1]"]),
        (lambda: np.array([[-500.0, 1e9], [1, 1]]), ["scale them"]),
        (lambda: np.array([[0, np.nan], [1, 1]]), ["NaN or infinity", "nan_to_num"]),
        (lambda: np.array([[0, np.inf], [1, 1]]), ["NaN or infinity"]),
        (lambda: torch.full((4, 4), torch.nan), ["a tensor of float32", "NaN or infinity"]),
        (lambda: GRAY.astype(np.int64), ["an array of int64", "values from 3 to", "astype(numpy.uint8)"]),
        (lambda: GRAY.tolist(), ["a list", "astype(numpy.uint8)"]),
        (lambda: deep_gray().astype(np.int32), ["astype(numpy.uint16)"]),
        (lambda: np.full((3, 3), 2**40), ["scale them"]),
        (lambda: GRAY.astype(object), ["an array of object", "array.astype(float)"]),
        (lambda: GRAY.astype(complex), ["complex128", "real part"]),
        (lambda: np.full((3, 3), "a"), ["floats in [0, 1]"]),
        (lambda: [[0.1, 0.2], [0.3]], ["a list", "numpy.asarray"]),
        (lambda: np.ma.masked_array(GRAY, mask=GRAY > 100), ["masked", "filled"]),
        (lambda: RGB.transpose(2, 0, 1), ["of shape (3, 5, 7)", "moveaxis", "permute(1, 2, 0)"]),
        (lambda: torch.zeros(3, 8, 9), ["a tensor of float32", "permute(1, 2, 0)"]),
        (lambda: torch.zeros(1, 8, 9, 3), ["of shape (1, 8, 9, 3)", "array[0]"]),
        (lambda: np.zeros((4, 4, 5)), ["of shape (4, 4, 5)", "(H, W, 3)"]),
        (lambda: np.zeros((0, 4, 3)), ["of shape (0, 4, 3)"]),
        (lambda: np.zeros((4, 4, 0)), ["of shape (4, 4, 0)"]),
        (lambda: np.zeros(()), ["of shape ()"]),
        (list, ["a list", "of shape (0,)"]),
        (lambda: object(), ["an array of shape"]),
        (lambda: b"bytes", ["a bytes", "an array of shape"]),
        (lambda: np.zeros((1, 1)), ["at least 2x2", "1x1", "take another picture"]),
        (lambda: np.zeros((1, 5)), ["at least 2x2", "5x1", "picture.size, such as 5x2"]),
        (lambda: Image.new("RGB", (0, 4)), ["an image of mode RGB, 0x4", "no pixels"]),
        (lambda: torch.zeros(4, 4, device="meta"), ["a tensor of float32", "numpy.asarray"]),
        (lambda: torch.eye(4).to_sparse(), ["numpy.asarray"]),
    ],
)
def test_invalid_arrays_are_rejected_with_a_remedy(make: Callable[[], object], words: list[str]) -> None:
    line = error_line(make())
    for word in words:
        assert word in line


def test_a_closed_image_is_rejected() -> None:
    image = Image.open(io.BytesIO(FILES["rgb.png"]))
    image.close()
    assert "damaged" in error_line(image)


def test_settings_are_allowed_with_any_picture() -> None:
    assert images.picture_settings("a.jpg", {"max_side": 9}) == ({"source": "a.jpg", "max_side": 9}, None)
    assert images.picture_settings(Path("a.jpg")) == ({"source": "a.jpg"}, None)
    assert images.picture_settings({"source": "cat"}) == ({"source": "cat"}, None)
    assert images.picture_settings(None, {"max_side": 9}) == ({"max_side": 9}, None)
    assert images.picture_settings(None) == ({}, None)
    for picture, source in ((GRAY, "array"), (GRAY.tolist(), "array"), (Image.fromarray(GRAY), "image")):
        assert images.picture_settings(picture, {"max_side": 9}) == ({"source": source, "max_side": 9}, picture)
        assert images.picture_settings(None, picture) == ({"source": source}, picture)


@pytest.mark.parametrize(
    ("picture", "named"), [("a", "b"), ("a", {"source": "b"}), ({"source": "a"}, {"max_side": 9}), (GRAY, GRAY)]
)
def test_two_pictures_are_rejected(picture: Any, named: Any) -> None:
    with pytest.raises(RecipeError, match="given once"):
        images.picture_settings(picture, named)
