"""Conversion of embedded color profiles to sRGB."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from sfumato.images import linear_to_srgb
from sfumato.images.profile import to_srgb
from tests.images.made_files import (
    GRAY,
    RGB,
    SHARED,
    assert_same,
    cmyk_profile,
    gamma,
    gray_profile,
    load,
    needs_shared,
    noise,
    profile,
    rgb_profile,
    save,
    srgb_table,
    stored,
    xyz,
)


def tagged(image: Image.Image, data: bytes | None) -> Image.Image:
    image.info["icc_profile"] = data
    return image


def test_the_conversion_is_perceptual() -> None:
    data = rgb_profile(gamma(1.4))
    srgb = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(Image.fromarray(RGB), ImageCms.ImageCmsProfile(io.BytesIO(data)), srgb)
    converted = to_srgb(tagged(Image.fromarray(RGB), data))
    assert expected is not None
    np.testing.assert_array_equal(np.asarray(converted), np.asarray(expected))
    assert np.abs(np.asarray(converted).astype(int) - RGB).max() > 20


def test_the_formula() -> None:
    # The colorants are those of sRGB, so that only the curve changes: gamma 1.4 instead of sRGB's.
    converted = np.asarray(to_srgb(tagged(Image.fromarray(RGB), rgb_profile(gamma(1.4)))))
    expected = linear_to_srgb((RGB / 255) ** 1.4) * 255
    assert np.abs(converted - expected).max() < 2.5


@pytest.mark.parametrize("data", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), None])
def test_an_srgb_profile_changes_nothing(data: bytes | None) -> None:
    for profile_of_srgb in (data or rgb_profile(srgb_table()), rgb_profile(srgb_table(4096))):
        image = tagged(Image.fromarray(noise((40, 40, 3))), profile_of_srgb)
        assert to_srgb(image) is image


def test_nearly_srgb_is_not_srgb() -> None:
    # Gamma 2.2 differs by several levels near black.
    image = tagged(Image.fromarray(noise((40, 40, 3))), rgb_profile(gamma(2.2)))
    assert to_srgb(image) is not image


def broken_profiles() -> list[bytes]:
    whole = rgb_profile(gamma(1.4))
    return [
        b"",
        b"nonsense",
        whole[:100],
        whole[:200],
        whole[:36] + b"abcd" + whole[40:],
        profile(b"RGB ", []),
        profile(b"GRAY", [(b"wtpt", xyz(1, 1, 1))]),
        bytes(3_000_000),
    ]


@pytest.mark.parametrize("data", broken_profiles())
def test_a_broken_profile_is_ignored(tmp_path: Path, data: bytes) -> None:
    for values in (RGB, GRAY):
        image = tagged(Image.fromarray(values), data)
        assert to_srgb(image) is image
    if data:
        assert_same(load(save(tmp_path / "a.tif", RGB, icc_profile=data)), stored(RGB))


def test_a_profile_of_another_color_space_is_ignored() -> None:
    for values, data in ((RGB, gray_profile(1)), (GRAY, rgb_profile(gamma(1))), (RGB, cmyk_profile())):
        image = tagged(Image.fromarray(values), data)
        assert to_srgb(image) is image
    image = tagged(Image.new("CMYK", (2, 2)), rgb_profile(gamma(1)))
    assert to_srgb(image) is image


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_float_gray_and_wide_integers_are_not_converted(kind: type[np.generic]) -> None:
    image = tagged(Image.fromarray(GRAY.astype(kind)), gray_profile(1))
    assert to_srgb(image) is image


def test_a_profile_of_the_wrong_type_is_ignored() -> None:
    for value in ("text", 7, (1, 2), None):
        image = Image.fromarray(RGB)
        image.info["icc_profile"] = value
        assert to_srgb(image) is image


@pytest.mark.parametrize("power", [1.0, 1.8, 2.2])
def test_gray_of_every_level(power: float) -> None:
    eight = np.arange(256, dtype=np.uint8)[np.newaxis]
    converted = np.asarray(to_srgb(tagged(Image.fromarray(eight), gray_profile(power))))
    np.testing.assert_allclose(converted / 255, linear_to_srgb((eight / 255) ** power), atol=0.55 / 255)
    sixteen = np.arange(65536, dtype=np.uint16)[np.newaxis]
    converted = np.asarray(to_srgb(tagged(Image.fromarray(sixteen), gray_profile(power))))
    assert converted.dtype == np.uint16
    np.testing.assert_allclose(converted / 65535, linear_to_srgb((sixteen / 65535) ** power), atol=2 / 65535)


def test_gray_with_the_curve_of_srgb_changes_nothing() -> None:
    image = tagged(
        Image.fromarray(GRAY), profile(b"GRAY", [(b"wtpt", xyz(0.9642, 1, 0.8249)), (b"kTRC", srgb_table())])
    )
    assert to_srgb(image) is image


@needs_shared
def test_a_real_profile() -> None:
    with Image.open(SHARED / "mona-lisa-2012.jpg") as image:
        image.load()
        srgb = ImageCms.createProfile("sRGB")
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        expected = ImageCms.profileToProfile(image, embedded, srgb)
    assert expected is not None
    np.testing.assert_array_equal(load(SHARED / "mona-lisa-2012.jpg"), stored(np.asarray(expected)))
