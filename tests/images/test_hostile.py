"""Malicious and invalid files: each is rejected with one line, quickly, and without much memory."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from sfumato.errors import PictureError
from sfumato.images import decode
from tests.images.made_files import (
    GRAY,
    RGB,
    assert_same,
    chunk,
    error_line,
    gray_tiff,
    load,
    png,
    rows_of,
    save,
    smooth,
    stored,
    tiff,
    write,
)


def headers(width: int, height: int) -> dict[str, bytes]:
    """Return files whose headers declare many pixels, but which contain hardly any."""
    jpeg = io.BytesIO()
    Image.fromarray(RGB).save(jpeg, "JPEG")
    start = jpeg.getvalue().index(b"\xff\xc0") + 5
    sizes = struct.pack(">HH", min(height, 65500), min(width, 65500))
    tall = tiff(
        {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 262: (3, 1, 1), 273: (4, 1, 8), 279: (4, 1, 9)}
    )
    bmp = b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)
    gif = b"GIF89a" + struct.pack("<HHBBB", min(width, 65535), min(height, 65535), 0x80, 0, 0) + bytes(6)
    return {
        "png": png(width, height, 8, 2, b"\0"),
        "jpg": jpeg.getvalue()[:start] + sizes + jpeg.getvalue()[start + 4 :],
        "tif": tall,
        "bmp": bmp + bytes(99),
        "gif": gif + b"," + struct.pack("<HHHHB", 0, 0, 9, 9, 0) + b"\2\1\0\0;",
    }


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "bmp", "gif"])
@pytest.mark.parametrize("size", [(100_000, 100_000), (8001, 8000), (10_000, 10_000)])
def test_too_many_pixels_in_the_header(
    tmp_path: Path, kind: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Also where another part of the program has removed Pillow's own limit.
    for limit in (Image.MAX_IMAGE_PIXELS, None):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("its pixels were decoded"))
        line = error_line(write(tmp_path, f"a.{kind}", headers(*size)[kind]))
        assert "at most 64,000,000 pixels. Got" in line
        assert re.search(r", with [\d,]+(x\d+)?; save a smaller copy", line)


@pytest.mark.slow
def test_the_largest_number_of_pixels(tmp_path: Path) -> None:
    data = png(8000, 8000, 1, 0, bytes(8000 * 1001))
    assert load(write(tmp_path, "a.png", data), max_side=40).shape == (40, 40, 1)


SUFFIXES = ["png", "jpg", "gif", "tif", "bmp", "webp", "avif"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    data = save(tmp_path / f"a.{suffix}", smooth()).read_bytes()
    whole = load(tmp_path / f"a.{suffix}")
    rejected = 0
    for end in range(1, len(data), max(1, len(data) // 60)):
        path = write(tmp_path, f"b.{suffix}", data[:end])
        # A file may lack parts that its pixels do not need.
        try:
            np.testing.assert_array_equal(load(path), whole)
        except PictureError:
            rejected += 1
    assert rejected >= 40
    assert "which is" in error_line(write(tmp_path, "c", data[: len(data) // 2]))


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\0" * 999, "none of these"),
        (b"not a picture at all\n" * 9, "none of these"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", "none of these"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"GIF89a", "damaged"),
        (b"II*\0", "damaged"),
        (b"BM", "damaged"),
        (b"RIFF\4\0\0\0WEBP", "damaged"),
        (b"RIFF\xff\xff\xff\xffWEBPVP8X", "damaged"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", "damaged"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "e"),
        (png(0, 0, 8, 2, b""), "e"),
        (png(7, 5, 8, 0, b""), "damaged"),
        (png(7, 5, 3, 9, rows_of(GRAY)), "damaged"),
        (tiff({256: (4, 1, 7), 257: (4, 1, 5)}), "damaged"),
        (tiff({256: (2, 1, 7), 257: (12, 1, 5), 262: (3, 1, 1)}), "damaged"),
        # A directory that refers to itself as the next one.
        (b"II*\0\10\0\0\0\0\0\10\0\0\0", "damaged"),
    ],
)
def test_invalid_files(tmp_path: Path, data: bytes, rule: str) -> None:
    assert rule in error_line(write(tmp_path, "a.png", data))


def test_decoding_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pillow reads EPS with Ghostscript.
    Image.new("RGB", (9, 9)).save(tmp_path / "a.eps")
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    for name in ("a.eps", "a.png"):
        line = error_line(write(tmp_path, name, (tmp_path / "a.eps").read_bytes()))
        assert "JPEG, PNG, WebP" in line


def test_only_the_decoder_of_the_format_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[Any] = []
    image_open = Image.open

    def record(file: Any, formats: Any = None) -> Any:
        requested.append(formats)
        return image_open(file, formats=formats)

    monkeypatch.setattr(Image, "open", record)
    load(save(tmp_path / "a.png", RGB))
    load(save(tmp_path / "a.gif", RGB))
    assert requested == [["PNG"], ["GIF"]]


@pytest.mark.parametrize(
    "error",
    [
        OSError("image file is truncated"),
        SyntaxError("broken\nPNG"),
        ValueError("no"),
        struct.error("unpack"),
        EOFError(),
        IndexError("tuple"),
        OverflowError("too large"),
        zlib.error("Error -3"),
        RuntimeError(),
        KeyError(7),
        TypeError("what"),
        AttributeError("tag_v2"),
        ZeroDivisionError(),
        RecursionError(),
        AssertionError(),
        SystemError("null"),
        Image.DecompressionBombWarning("bomb"),
    ],
)
def test_every_exception_of_pillow_becomes_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(self: object) -> None:
        raise error

    path = save(tmp_path / "a.png", RGB)
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    assert type(error).__name__ in error_line(path)


def test_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    path = save(tmp_path / "a.png", RGB)
    with monkeypatch.context() as patch:
        patch.setattr(ImageFile.ImageFile, "load", fail)
        assert "fits in memory" in error_line(path)
    monkeypatch.setattr("sfumato.images.resize.to_floats", fail)
    assert "fits in memory" in error_line(path)


def test_keyboard_interrupts_pass_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: object) -> None:
        raise KeyboardInterrupt

    path = save(tmp_path / "a.png", RGB)
    monkeypatch.setattr(ImageFile.ImageFile, "load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load(path)
    assert not decode._ONE_AT_A_TIME.locked()


def test_heic_without_its_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    Image.init()
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    line = error_line(write(tmp_path, "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"))
    assert "pip install pillow-heif" in line


def test_warnings_of_pillow_are_muted(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    # Pillow warns of truncated EXIF data when it reads it.
    exif = b"Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\1\0\0\0\0\1"
    load(save(tmp_path / "a.jpg", smooth(), exif=exif))
    load(save(tmp_path / "a.png", smooth(), exif=exif))
    save(tmp_path / "b.png", Image.new("P", (9, 9)), transparency=bytes(range(9)))
    load(tmp_path / "b.png", channels="rgb")
    assert not recwarn.list


@pytest.mark.slow
def test_log_records_of_pillow_and_output_of_libtiff_are_muted(tmp_path: Path) -> None:
    many = {256: (4, 1, 7), 257: (4, 1, 5), 258: (3, 1, 8), 262: (3, 1, 1), 277: (4, 1, 2**31), 273: (4, 1, 8)}
    data = bytearray(gray_tiff(GRAY, packed=True))
    data[-20:] = bytes(20)
    paths = [str(write(tmp_path, "a.tif", tiff(many))), str(write(tmp_path, "b.tif", bytes(data)))]
    # In a subprocess, because pytest installs logging handlers in this one.
    code = f"""
import sys
from sfumato import images, errors, recipe
for path in {paths!r}:
    try:
        images.load(recipe.Picture(source=path))
    except errors.PictureError:
        print("rejected")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert result.stdout == "rejected\n" * 2
    assert result.stderr == ""


@pytest.mark.parametrize(("kind", "count", "value"), [(2, 4, b"six\0"), (11, 1, b"\0\0\xc0\x40"), (7, 1, b"\6\0\0\0")])
def test_an_orientation_of_the_wrong_type_is_ignored(tmp_path: Path, kind: int, count: int, value: bytes) -> None:
    exif = b"Exif\0\0II*\0\10\0\0\0\1\0\x12\1" + struct.pack("<HI", kind, count) + value + bytes(4)
    assert_same(load(save(tmp_path / "a.png", RGB, exif=exif)), stored(RGB))


def test_a_color_key_of_the_wrong_kind(tmp_path: Path) -> None:
    # A key for a palette in a file without one.
    data = png(7, 5, 8, 0, rows_of(GRAY), chunk(b"tRNS", b"\0"))
    assert "damaged" in error_line(write(tmp_path, "a.png", data))
