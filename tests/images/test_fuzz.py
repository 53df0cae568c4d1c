"""Fuzzing: arbitrary bytes give either a valid picture or an error of one line."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from sfumato.errors import PictureError
from tests.images.made_files import (
    GRAY,
    RGB,
    RGBA,
    cmyk_profile,
    deep_gray,
    gamma,
    gray_profile,
    gray_tiff,
    load,
    rgb_profile,
    smooth,
)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def valid_files() -> list[bytes]:
    """Return a small file of each kind, with the parts where most decoders fail: profiles, EXIF, palettes, frames."""
    rgb, rgba, gray = (Image.fromarray(values) for values in (RGB, RGBA, GRAY))
    picture = Image.fromarray(smooth())
    palette = picture.quantize(16)
    cmyk = Image.merge("CMYK", (gray, gray, gray, gray))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a picture"
    icc = {"icc_profile": rgb_profile(gamma(1.8))}
    files = [
        saved(picture, "JPEG", exif=exif, **icc),
        saved(picture, "JPEG", progressive=True, comment=b"hello"),
        saved(cmyk, "JPEG", icc_profile=cmyk_profile()),
        saved(rgba, "PNG", exif=exif, **icc),
        saved(palette, "PNG", transparency=bytes(range(16))),
        saved(Image.fromarray(deep_gray()), "PNG", icc_profile=gray_profile(2.2)),
        saved(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)]),
        saved(palette, "GIF", transparency=3, comment=b"hello", save_all=True, append_images=[palette.rotate(180)]),
        saved(rgb, "BMP"),
        saved(palette, "BMP"),
        saved(rgb, "TIFF", exif=exif, **icc),
        saved(rgba, "TIFF", compression="tiff_lzw"),
        saved(picture, "TIFF", compression="jpeg"),
        saved(gray.convert("1"), "TIFF", compression="group4"),
        saved(cmyk, "TIFF", compression="tiff_adobe_deflate"),
        gray_tiff(deep_gray(), packed=True, order=">"),
        gray_tiff(np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)),
        saved(rgba, "WEBP", lossless=True, exif=exif, **icc),
        saved(picture, "WEBP", save_all=True, append_images=[picture.rotate(180)]),
    ]
    if features.check("avif"):
        files.append(saved(Image.fromarray(smooth()), "AVIF", exif=exif, **icc))
    try:
        import pillow_heif
    except ImportError:
        return files
    pillow_heif.register_heif_opener()
    return [*files, saved(picture, "HEIF", **icc)]


FILES = valid_files()
EXTREMES = [0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1]


def mutated(generator: random.Random, files: Sequence[bytes]) -> bytes:
    """Return one of the files with one to six mutations."""
    data = bytearray(generator.choice(files))
    for _ in range(generator.choice((1, 1, 1, 2, 3, 6))):
        # Most of the data that decoders trust is near the beginning.
        position = int(len(data) * generator.random() ** generator.choice((1, 3)))
        length = generator.choice((1, 2, 4, 16))
        match generator.randrange(8):
            case 0 | 1:
                data[position : position + 1] = bytes((generator.randrange(256),))
            case 2 | 3:
                order = generator.choice(("big", "little"))
                size = generator.choice((1, 2, 4))
                data[position : position + size] = (generator.choice(EXTREMES) % 256**size).to_bytes(size, order)
            case 4:
                del data[position : position + length]
            case 5:
                data[position:position] = generator.randbytes(length)
            case 6:
                del data[position:]
            case _:
                other = generator.choice(files)
                start = generator.randrange(len(other))
                data[position : position + length * 4] = other[start : start + length * 4]
    return with_checksums(bytes(data)) if generator.random() < 0.8 else bytes(data)


def with_checksums(data: bytes) -> bytes:
    """Return a PNG file with correct checksums, so that its chunks are decoded."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    result, position = data[:8], 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        body = data[position + 4 : position + 8 + length]
        result += data[position : position + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        position += 12 + length
    return result + data[position:]


def check(path: Path, data: bytes, **fields: Any) -> bool:
    """Tell whether the file loads as a picture; fail unless it gives a valid picture or an error of one line."""
    path.write_bytes(data)
    try:
        picture = load(path, **fields)
    except PictureError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1000
        return False
    assert picture.dtype == np.float32
    assert picture.ndim == 3
    assert picture.shape[2] in (1, 3, 4)
    assert min(picture.shape[:2]) >= 2
    assert picture.flags.c_contiguous
    assert 0 <= picture.min() <= picture.max() <= 1
    return True


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.sampled_from(["gray", "rgb", "rgba"]),
        "color_management": st.just(False),
        "transfer": st.just("linear"),
        "max_side": st.integers(2, 40),
        "size": st.just("9x8"),
    },
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "file"


@pytest.mark.parametrize("index", range(len(FILES)))
def test_the_files_are_valid_before_mutation(path: Path, index: int) -> None:
    assert check(path, FILES[index])


@pytest.mark.slow
@given(seed=st.integers(0, 2**32), fields=FIELDS)
@settings(max_examples=150)
def test_mutated_files(path: Path, seed: int, fields: dict[str, Any]) -> None:
    check(path, mutated(random.Random(seed), FILES), **fields)


@pytest.mark.slow
def test_some_mutated_files_load_and_some_do_not(path: Path) -> None:
    loaded = [check(path, mutated(random.Random(seed), FILES)) for seed in range(80)]
    assert 10 <= sum(loaded) <= 70


@pytest.mark.slow
@given(data=st.binary(max_size=300), start=st.sampled_from([b"", *(data[:12] for data in FILES)]), fields=FIELDS)
@settings(max_examples=60)
def test_random_bytes(path: Path, data: bytes, start: bytes, fields: dict[str, Any]) -> None:
    check(path, start + data, **fields)
