"""Picture files and color profiles written byte by byte, for cases that Pillow cannot write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sfumato import images
from sfumato.errors import PictureError
from sfumato.recipe import Picture

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "images"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no folder of shared pictures beside the checkout")


def noise(shape: tuple[int, ...], top: int = 256) -> NDArray[Any]:
    """Return random numbers below ``top``, the same at each call, in uint8 or uint16."""
    values = np.random.default_rng(20120117).integers(0, top, shape)
    return values.astype(np.uint8 if top <= 256 else np.uint16)


RGBA: NDArray[np.uint8] = noise((5, 7, 4))
RGB = np.ascontiguousarray(RGBA[:, :, 1:])
GRAY = np.ascontiguousarray(RGBA[:, :, 0])

LOSSLESS = [("png", {}), ("tif", {}), ("tif", {"compression": "tiff_lzw"}), ("webp", {"lossless": True, "exact": True})]

SRGB_COLORANTS = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))
"""XYZ of red, green and blue, adapted to D50."""


def load(source: str | Path, **fields: object) -> NDArray[np.float32]:
    return images.load(Picture.of({"source": str(source), **fields}))


def error_line(source: str | Path, **fields: object) -> str:
    """Return the line of the error for a picture, which must not be chained to another library's error."""
    with pytest.raises(PictureError) as caught:
        load(source, **fields)
    line = str(caught.value)
    assert line.isprintable(), line
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return line


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def stored(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the floats of bytes, computed by Python's division."""
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


def smooth() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:24, 0:32]
    return np.stack([rows * 8, columns * 6, 200 - rows * 4], axis=2).astype(np.uint8)


def deep_gray() -> NDArray[np.uint16]:
    values = noise((5, 7), 65536)
    values[0, :3] = 0, 1, 65535
    return values


def rows_of(values: NDArray[Any]) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in values)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, color: int, rows: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """Return a PNG file; ``rows`` include filter bytes, ``before`` and ``after`` are chunks around the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + after + chunk(b"IEND", b"")


def tiff(entries: Mapping[int, tuple[int, int, int | bytes]], order: str = "<") -> bytes:
    """Return a TIFF file of one directory: tag -> (type, count, number or the bytes that it points to)."""
    start = 8 + 2 + 12 * len(entries) + 4
    directory, body = struct.pack(order + "H", len(entries)), b""
    for tag, (kind, count, value) in sorted(entries.items()):
        directory += struct.pack(order + "HHI", tag, kind, count)
        if isinstance(value, bytes):
            directory += struct.pack(order + "I", start + len(body))
            body += value
        else:
            directory += struct.pack(order + ("HH" if kind == 3 else "I"), *([value, 0] if kind == 3 else [value]))
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", 8) + directory + struct.pack(order + "I", 0) + body


def gray_tiff(
    values: NDArray[np.generic], *, white_is_zero: bool = False, packed: bool = False, order: str = "<"
) -> bytes:
    """Return a TIFF file of gray (H, W) with 8, 16 or 32 bits, unsigned, signed or float."""
    raw = values.astype(values.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
    raw = zlib.compress(raw) if packed else raw
    return tiff(
        {
            256: (4, 1, values.shape[1]),
            257: (4, 1, values.shape[0]),
            258: (3, 1, values.dtype.itemsize * 8),
            259: (3, 1, 8 if packed else 1),
            262: (3, 1, 0 if white_is_zero else 1),
            273: (4, 1, raw),
            277: (3, 1, 1),
            278: (4, 1, values.shape[0]),
            279: (4, 1, len(raw)),
            339: (3, 1, {"u": 1, "i": 2, "f": 3}[values.dtype.kind]),
        },
        order,
    )


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def xyz(*numbers: float) -> bytes:
    return b"XYZ " + bytes(4) + fixed(*numbers)


def gamma(power: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", 0, 0) + fixed(power)


def srgb_table(entries: int = 1024) -> bytes:
    """Return the curve of sRGB as a table of 16-bit numbers."""
    x = np.linspace(0, 1, entries)
    y = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return b"curv" + bytes(4) + struct.pack(">I", entries) + np.rint(y * 65535).astype(">u2").tobytes()


def profile(space: bytes, tags: Sequence[tuple[bytes, bytes]], pcs: bytes = b"XYZ ", kind: bytes = b"mntr") -> bytes:
    """Return an ICC profile of version 4.2."""
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    header = struct.pack(">I4xI4s4s4s", start + len(body), 0x04200000, kind, space, pcs) + bytes(12)
    header += b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return header + table + body


WHITE = (b"wtpt", xyz(0.9642, 1.0, 0.8249))


def gray_profile(power: float) -> bytes:
    return profile(b"GRAY", [WHITE, (b"kTRC", gamma(power))])


def rgb_profile(curve: bytes, order: Sequence[int] = (0, 1, 2)) -> bytes:
    """Return a profile with the colorants of sRGB in any ``order``, and one curve for all."""
    colorants = [
        (name, xyz(*SRGB_COLORANTS[index])) for name, index in zip((b"rXYZ", b"gXYZ", b"bXYZ"), order, strict=True)
    ]
    return profile(b"RGB ", [WHITE, *colorants, *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC"))])


def cmyk_profile() -> bytes:
    """Return a profile with white paper and black ink whose cyan prints red: an 8-bit table with 2 points per axis."""
    table = bytearray()
    for cyan in (0, 1):
        for _ in range(4):  # magenta and yellow have no effect
            for black in (0, 1):
                table += bytes((0, 128, 128) if black else (140, 208, 188) if cyan else (255, 128, 128))
    identity = bytes(range(256))
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + identity * 4 + bytes(table) + identity * 3
    return profile(b"CMYK", [WHITE, (b"A2B0", lut)], pcs=b"Lab ", kind=b"prtr")
