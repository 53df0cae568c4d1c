"""Real files of every format, animations, and EXIF orientations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.images.made_files import (
    LOSSLESS,
    RGB,
    assert_same,
    load,
    save,
    smooth,
    stored,
)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_has_the_values_of_the_decoder(tmp_path: Path, mode: str) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(RGB).convert(mode), quality=90)
    with Image.open(path) as image:
        expected = np.asarray(image)
    assert np.ptp(expected) > 50
    assert_same(load(path), stored(expected))


def test_avif(tmp_path: Path) -> None:
    picture = load(save(tmp_path / "a.avif", smooth(), quality=95))
    assert picture.shape == (24, 32, 3)
    np.testing.assert_allclose(picture, smooth() / 255, atol=8 / 255)
    alpha = np.dstack([smooth(), np.full((24, 32), 90, dtype=np.uint8)])
    assert abs(float(load(save(tmp_path / "b.avif", alpha, quality=95))[:, :, 3].mean()) - 90 / 255) < 0.02
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = load(save(tmp_path / "c.avif", smooth(), quality=95, exif=exif))
    np.testing.assert_allclose(turned, np.rot90(smooth(), -1) / 255, atol=8 / 255)


def test_heic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    path = save(tmp_path / "a.heic", smooth(), quality=95)
    # Nobody has registered it yet where a person loads a picture.
    monkeypatch.delitem(Image.OPEN, "HEIF")
    picture = load(path)
    assert picture.shape == (24, 32, 3)
    np.testing.assert_allclose(picture, smooth() / 255, atol=12 / 255)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_the_first_frame_of_an_animation_is_loaded(tmp_path: Path, suffix: str) -> None:
    first, second = Image.new("RGB", (4, 3), (255, 0, 0)), Image.new("RGB", (4, 3), (0, 0, 255))
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second], **options)
    assert_same(load(tmp_path / f"a.{suffix}"), np.broadcast_to(np.array([1, 0, 0], dtype=np.float32), (3, 4, 3)))


POSITIONS: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    # Displayed position of a stored (row, column) in a picture of height h and width w, by the definition in EXIF 2.3
    # through the 0th row and the 0th column.
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
    rotated = np.zeros((width, height, 3) if orientation > 4 else RGB.shape, dtype=np.uint8)
    for r, c in np.ndindex(rotated.shape[:2]):
        rotated[r, c] = RGB[POSITIONS[orientation](r, c, height, width)]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a.{suffix}", rotated, exif=exif, **options)
    assert_same(load(path), stored(RGB))
    assert_same(load(path, color_management=False), stored(RGB))


@pytest.mark.parametrize("orientation", [6, 3])
def test_exif_orientation_of_jpeg(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.jpg", smooth(), quality=95, subsampling=0, exif=exif)
    expected = np.rot90(smooth(), -1 if orientation == 6 else 2) / 255
    np.testing.assert_allclose(load(path), expected, atol=10 / 255)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_invalid_orientation_is_ignored(tmp_path: Path, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert_same(load(save(tmp_path / "a.png", RGB, exif=exif)), stored(RGB))
    assert_same(load(save(tmp_path / "b.png", RGB, exif=b"Exif\0\0nonsense")), stored(RGB))
