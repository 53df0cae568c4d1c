"""Files with more parts than any program writes: small ones that would take much time or memory."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.images import structure
from sfumato.images.structure import container, excess
from tests.images.made_files import GRAY, RGB, RGBA, chunk, error_line, png, rows_of, tiff, write


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP", "AVIF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_valid_file_is_recognized_and_passes(kind: str, mode: str) -> None:
    data = saved(Image.fromarray(RGB).convert(mode), kind)
    assert container(data) == kind
    assert excess(kind, data) is None
    # Damage is left to the decoder.
    for end in range(len(data)):
        assert excess(kind, data[:end]) is None


def test_progressive_tiled_and_animated_files_pass() -> None:
    picture = Image.effect_noise((300, 200), 50).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "x" * 50_000
    assert excess("JPEG", saved(picture, "JPEG", progressive=True, quality=95, exif=exif)) is None
    assert excess("PNG", saved(picture, "PNG", save_all=True, append_images=[picture])) is None
    assert excess("GIF", saved(picture, "GIF", save_all=True, append_images=[picture], comment=b"x" * 9999)) is None
    assert excess("TIFF", saved(picture, "TIFF", compression="jpeg", tiffinfo={270: "x" * 99_999})) is None
    assert excess("TIFF", saved(picture, "TIFF", big_tiff=True)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"8BPS\0\1",
        b"\0\0\1\0\1\0",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypmp42",
        b"P6 2 2 255 abcdefghijkl",
    ],
)
def test_other_formats_have_no_decoder(data: bytes) -> None:
    assert container(data) is None


def jpeg() -> bytes:
    return saved(Image.fromarray(RGB), "JPEG")


def test_jpeg_of_many_segments(tmp_path: Path) -> None:
    data = jpeg()
    many = data[:2] + b"\xff\xfe\0\2" * 2000 + data[2:]
    assert "1,024 segments" in error_line(write(tmp_path, "a.jpg", many))
    few = data[:2] + b"\xff\xfe\0\2" * 900 + data[2:]
    assert excess("JPEG", few) is None


@pytest.mark.slow
def test_jpeg_of_big_segments(tmp_path: Path) -> None:
    # Pillow would copy the EXIF data again for each segment: three gigabytes for these 300.
    data = jpeg()
    segment = b"\xff\xe1\xff\xffExif\0\0" + bytes(65527)
    assert "16,000,000 bytes" in error_line(write(tmp_path, "a.jpg", data[:2] + segment * 300 + data[2:]))
    assert excess("JPEG", data[:2] + segment * 200 + data[2:]) is None


@pytest.mark.parametrize("stray", [b"\xff", b"\0", b"\xff\0", b"a"])
def test_jpeg_with_bytes_outside_its_segments(tmp_path: Path, stray: bytes) -> None:
    data = jpeg()
    start = data.index(b"\xff\xdb")
    line = error_line(write(tmp_path, "a.jpg", data[:start] + stray * 300_000 + data[start:]))
    assert "outside its segments" in line or "1,024 segments" in line
    assert "outside its segments" in error_line(write(tmp_path, "b.jpg", b"\xff\xd8\xff" + b"\xff" * 300_000))


def test_jpeg_of_many_scans(tmp_path: Path) -> None:
    data = saved(Image.fromarray(RGB), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert data.count(b"\xff\xda") > 2
    assert "100 scans" in error_line(write(tmp_path, "a.jpg", data[:-2] + data[last:-2] * 100 + b"\xff\xd9"))
    # Pictures of many pixels may have fewer, but as many as encoders write: 64 million take seconds per ten scans.
    sizes = data.index(b"\xff\xc2") + 5
    scans = data[:-2] + data[last:-2] * 20 + b"\xff\xd9"
    huge = scans[:sizes] + struct.pack(">HH", 8000, 8000) + scans[sizes + 4 :]
    assert "16 scans" in error_line(write(tmp_path, "b.jpg", huge))
    assert excess("JPEG", scans) is None
    assert excess("JPEG", data[:sizes] + struct.pack(">HH", 8000, 8000) + data[sizes + 4 :]) is None
    # Data after the picture, such as a film, is not counted.
    assert excess("JPEG", data + b"\xff\xda" * 500) is None


def test_png_of_many_chunks(tmp_path: Path) -> None:
    before = chunk(b"abCd", b"") * structure.BLOCKS
    assert "100,000 chunks" in error_line(write(tmp_path, "a.png", png(7, 5, 8, 0, rows_of(GRAY), before=before)))
    assert "100,000 chunks" in error_line(write(tmp_path, "b.png", png(7, 5, 8, 0, rows_of(GRAY), after=before)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_png_with_compressed_text_of_many_megabytes(tmp_path: Path, kind: bytes) -> None:
    packed = zlib.compress(bytes(50_000_000), 9)
    data = {b"zTXt": b"a\0\0" + packed, b"iTXt": b"a\0\1\0\0\0" + packed, b"iCCP": b"a\0\0" + packed}[kind]
    assert "damaged" in error_line(write(tmp_path, "a.png", png(7, 5, 8, 0, rows_of(GRAY), chunk(kind, data))))


@pytest.mark.slow
def test_png_with_too_many_pixel_bytes(tmp_path: Path) -> None:
    # 100 MB of zeros where 40 bytes are needed: only those may be decompressed.
    data = png(7, 5, 8, 0, bytes(100_000_000))
    assert len(data) < 200_000
    from tests.images.made_files import load

    assert load(write(tmp_path, "a.png", data)).max() == 0


def test_gif_of_many_blocks(tmp_path: Path) -> None:
    data = saved(Image.fromarray(GRAY), "GIF")
    start = 13 + (3 << ((data[10] & 7) + 1))
    comment = b"!\xfe" + b"\1x" * structure.BLOCKS + b"\0"
    assert "100,000 blocks" in error_line(write(tmp_path, "a.gif", data[:start] + comment + data[start:]))
    assert "100,000 blocks" in error_line(write(tmp_path, "b.gif", data[:start] + b"\7" * 200_000 + data[start:]))


def strips(count: int, rows: int = 5) -> dict[int, tuple[int, int, int | bytes]]:
    pixels = GRAY.tobytes()
    return {
        256: (4, 1, 7),
        257: (4, 1, 5),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, count, struct.pack("<I", 300) * count),
        277: (3, 1, 1),
        278: (4, 1, rows),
        279: (4, 1, len(pixels)),
    }


def test_tiff_of_many_numbers(tmp_path: Path) -> None:
    assert "500,000 numbers" in error_line(write(tmp_path, "a.tif", tiff(strips(600_000))))


def test_tiff_of_many_entries(tmp_path: Path) -> None:
    entries = strips(1) | dict.fromkeys(range(40000, 42000), (3, 1, 0))
    assert "1,024 entries" in error_line(write(tmp_path, "a.tif", tiff(entries)))


@pytest.mark.parametrize("kind", [3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_with_huge_tiles(tmp_path: Path, kind: int, order: str) -> None:
    packed = zlib.compress(bytes(1000))
    entries = {
        256: (4, 1, 7),
        257: (4, 1, 5),
        258: (3, 1, 8),
        259: (3, 1, 8),
        262: (3, 1, 1),
        277: (3, 1, 1),
        322: (kind, 1, 40_000),
        323: (kind, 1, 40_000),
        324: (4, 1, packed),
        325: (4, 1, len(packed)),
    }
    assert "in tiles of 40000x40000" in error_line(write(tmp_path, "a.tif", tiff(entries, order)))
    small = entries | {322: (kind, 1, 512), 323: (kind, 1, 512)}
    assert excess("TIFF", tiff(small, order)) is None


def test_tiff_with_overlapping_strips(tmp_path: Path) -> None:
    # 20,000 strips of 3 rows for a picture of 5: Pillow would decode the two halves 10,000 times.
    assert "cover it 10,000 times" in error_line(write(tmp_path, "a.tif", tiff(strips(20_000, rows=3))))


def test_bmp_that_is_run_length_encoded(tmp_path: Path) -> None:
    palette = bytes(1024)
    header = struct.pack("<IiiHHIIiiII", 40, 7, 5, 1, 8, 1, 0, 0, 0, 256, 0)
    data = b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 40 + 1024) + header + palette
    assert "run-length encoded BMP" in error_line(write(tmp_path, "a.bmp", data + b"\7\1" * 1_500_001))
    big = struct.pack("<IiiHHIIiiII", 40, 4001, 2000, 1, 8, 1, 0, 0, 0, 256, 0)
    line = error_line(write(tmp_path, "b.bmp", data[:14] + big + palette + b"\0\1"))
    assert "8,000,000 pixels as run-length encoded BMP" in line
    assert excess("BMP", data + b"\7\1" * 5) is None


def test_alpha_is_allowed() -> None:
    assert excess("TIFF", saved(Image.fromarray(RGBA), "TIFF")) is None
    assert np.ptp(RGBA) > 200
