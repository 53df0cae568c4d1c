"""Which format a file has, and whether its parts are few enough to be read in bounded time and memory.

Pillow walks the blocks, chunks and tags of a file in Python, and keeps many of them. A file made for the purpose can
hold a hundred million, so they are counted here first. The limits are far above what any program writes. Damage is
not looked for: the decoder finds it.
"""

from __future__ import annotations

import math
import re
import struct

SEGMENTS = 1024
"""Segments of a JPEG file before its first scan, and entries of a TIFF directory."""

SEGMENT_BYTES = 16_000_000
"""All of these segments together: Pillow joins those of one kind again at each."""

SCANS = 100
"""Scans of a JPEG file: each one of a progressive picture costs a pass over all pixels."""

SCANS_OF_ANY = 16
"""So many are allowed however many pixels there are (encoders write 10); more, up to `SCANS`, where there are few."""

SCANNED = 160_000_000
"""Pixels times scans from which on it is `SCANS_OF_ANY`."""

STRAY_BYTES = 65_536
"""Bytes of a JPEG file that belong to no segment: Pillow reads each one by itself."""

BLOCKS = 100_000
"""Chunks of a PNG file (libpng writes 8 KiB of pixels a chunk), and blocks of a GIF file before its first frame."""

NUMBERS = 500_000
"""Numbers in a TIFF directory: each one becomes a Python object."""

PADDING = 4
"""How many times its pixels the tiles of a TIFF file may hold, where that is over 4096 x 4096."""

RLE_BYTES = 3_000_000
"""Size of a run-length encoded BMP file: the one kind here that Pillow decodes in Python."""

_MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}
_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the JPEG segments that tell the size of the picture."""

_FILL = re.compile(rb"\xff+")
_TIFF_BYTES = {3: 2, 4: 4, 5: 8, 6: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Size of a number by its type in TIFF; the types that are absent hold bytes or text."""


def container(data: bytes) -> str | None:
    """Pillow's name of the format that the first bytes announce, None for one that is not read.

    AVIF stands for its whole family, HEIC included: the first bytes do not always tell them apart.
    """
    for name, starts in _MAGIC.items():
        if data.startswith(starts):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if data[4:8] == b"ftyp" and data[8:12] in _BRANDS else None


ENDINGS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "TIFF": "tif", "BMP": "bmp", "WEBP": "webp", "AVIF": "avif"}


def ending(data: bytes) -> str | None:
    """How the name of a file with these first bytes ends, by what is in it; None for one that is not read.

    Of AVIF's family the brands tell, the major one first: ``mif1`` and ``msf1`` alone are any picture of that family.
    """
    found = container(data)
    if found != "AVIF":
        return None if found is None else ENDINGS[found]
    size = min(int.from_bytes(data[:4]), len(data))
    brands = [data[8:12], *(data[place : place + 4] for place in range(16, size - 3, 4))]
    for brand in brands:
        if brand in (b"avif", b"avis"):
            return "avif"
        if brand[:3] in (b"hei", b"hev"):
            return "heic"
    return "heif"


def excess(container: str, data: bytes) -> tuple[str, str] | None:
    """What the file holds too much of, as (rule, what was found), or None."""
    check = {"JPEG": _jpeg, "PNG": _png, "GIF": _gif, "TIFF": _tiff, "BMP": _bmp}.get(container)
    try:
        return check(data) if check else None
    except (struct.error, IndexError):
        return None  # cut off in the middle of a part


def _jpeg(data: bytes) -> tuple[str, str] | None:
    position, stray, pixels = 2, 0, 1
    for _ in range(SEGMENTS):
        start = data.find(b"\xff", position)
        fill = _FILL.match(data, start) if start >= 0 else None
        marker = fill.end() if fill else len(data)
        stray += max(0, marker - 1 - position)
        if stray > STRAY_BYTES:
            return f"a JPEG file with at most {STRAY_BYTES:,} bytes outside its segments", "with more"
        kind, position = data[marker], marker + 1
        if position > SEGMENT_BYTES:
            return f"a JPEG file with at most {SEGMENT_BYTES:,} bytes before its pixels", "with more"
        if kind == 0xDA:
            end = data.find(b"\xff\xd9", position)
            scans = 1 + data.count(b"\xff\xda", position, end if end >= 0 else len(data))
            most = min(SCANS, max(SCANS_OF_ANY, SCANNED // pixels))
            return (f"a JPEG file of at most {most} scans", f"with {scans:,}") if scans > most else None
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 3)
            pixels = max(pixels, height * width)
        if kind not in (0x00, 0x01) and not 0xD0 <= kind <= 0xD9:
            position += max(2, struct.unpack_from(">H", data, position)[0])
    return f"a JPEG file of at most {SEGMENTS:,} segments before its pixels", "with more"


def _png(data: bytes) -> tuple[str, str] | None:
    position = 8
    for _ in range(BLOCKS):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IEND":
            return None
        position += 12 + length
    return f"a PNG file of at most {BLOCKS:,} chunks", "with more"


def _gif(data: bytes) -> tuple[str, str] | None:
    flags = data[10]
    position = 13 + (3 << ((flags & 7) + 1) if flags & 128 else 0)
    in_extension = False
    for _ in range(BLOCKS):
        first = data[position]
        if in_extension:
            # Sub-blocks, each after its length, until one of length 0.
            position += 1 + first
            in_extension = first > 0
        elif first == ord("!"):
            position += 2
            in_extension = True
        elif first in b",;":
            return None
        else:
            position += 1
    return f"a GIF file of at most {BLOCKS:,} blocks before its first frame", "with more"


def _tiff(data: bytes) -> tuple[str, str] | None:
    order, big = "<" if data[:2] == b"II" else ">", data[2] == 43
    # An entry is: tag, type, count, and the number itself or the offset of its numbers.
    offset, entry, number = ("Q", "HHQQ", "Q") if big else ("L", "HHLL", "H")
    (start,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + number, data, start)
    if entries > SEGMENTS:
        return f"a TIFF file of at most {SEGMENTS:,} entries in its directory", f"with {entries:,}"
    numbers, first = 0, {}
    start += struct.calcsize(order + number)
    for tag, kind, count, value in struct.iter_unpack(
        order + entry, data[start : start + entries * struct.calcsize(order + entry)]
    ):
        size = _TIFF_BYTES.get(kind, 0)
        if count * size <= len(data):
            numbers += count if size else 0
        # One short number fills the first bytes of its field.
        field = value.to_bytes(8 if big else 4, "little" if order == "<" else "big")
        first.setdefault(tag, int.from_bytes(field[: size or 1], "little" if order == "<" else "big"))
    if numbers > NUMBERS:
        return f"a TIFF file of at most {NUMBERS:,} numbers in its directory", f"with {numbers:,}"
    # A tile is decoded whole, however little of it belongs to the picture.
    width, length, tile_width, tile_length = (first.get(tag, 0) for tag in (256, 257, 322, 323))
    if tile_width and tile_length:
        decoded = math.ceil(width / tile_width) * tile_width * math.ceil(length / tile_length) * tile_length
        if decoded > max(PADDING * width * length, 4096 * 4096):
            return "a TIFF file whose tiles fit its pixels", f"{width}x{length} in tiles of {tile_width}x{tile_length}"
    return None


def _bmp(data: bytes) -> tuple[str, str] | None:
    (compression,) = struct.unpack_from("<I", data, 30)
    if compression in (1, 2) and len(data) > RLE_BYTES:
        return f"a run-length encoded BMP file of at most {RLE_BYTES:,} bytes", f"with {len(data):,}"
    return None
