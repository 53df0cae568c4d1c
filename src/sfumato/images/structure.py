"""The format of a file, and limits on its structure, so that it can be read in bounded time and memory.

Pillow walks the blocks, chunks and tags of a file in Python, and stores many of them. A malicious file can contain a
hundred million, so they are counted here first. The limits are far above the counts that any program writes. Damage is
left to the decoder.
"""

from __future__ import annotations

import math
import re
import struct

SEGMENTS = 1024
"""Limit on the segments of a JPEG file before its first scan, and on the entries of a TIFF directory."""

SEGMENT_BYTES = 16_000_000
"""Limit on the total size of these segments: for each one Pillow concatenates all of its kind again."""

SCANS = 100
"""Limit on the scans of a JPEG file: each scan of a progressive picture takes a pass over all pixels."""

SCANS_OF_ANY = 16
"""Scans that are allowed for any number of pixels (encoders write 10); small pictures may have up to `SCANS`."""

SCANNED = 160_000_000
"""Product of pixels and scans beyond which the limit is `SCANS_OF_ANY`."""

STRAY_BYTES = 65_536
"""Limit on the bytes of a JPEG file outside of segments: Pillow reads them one by one."""

BLOCKS = 100_000
"""Limit on the chunks of a PNG file (libpng writes 8 KiB of pixels per chunk), and on the blocks of a GIF file before
its first frame."""

NUMBERS = 500_000
"""Limit on the numbers in a TIFF directory: each one becomes a Python object."""

PADDING = 4
"""Limit on the pixels of the tiles of a TIFF file as a multiple of its pixels, where they exceed 4096 x 4096."""

RLE_BYTES = 3_000_000
"""Limit on the size of a run-length encoded BMP file, the only format here that Pillow decodes in Python."""

_MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}
_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the JPEG segments that contain the size of the picture."""

_FILL = re.compile(rb"\xff+")
_TIFF_BYTES = {3: 2, 4: 4, 5: 8, 6: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Size of a number by its type in TIFF; the other types are bytes or text."""

ENDINGS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "TIFF": "tif", "BMP": "bmp", "WEBP": "webp", "AVIF": "avif"}


def container(data: bytes) -> str | None:
    """Return Pillow's name of the format by the first bytes, or None for an unsupported format.

    AVIF stands for its whole family, HEIC included, because the first bytes do not always distinguish them.
    """
    for name, starts in _MAGIC.items():
        if data.startswith(starts):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if data[4:8] == b"ftyp" and data[8:12] in _BRANDS else None


def ending(data: bytes) -> str | None:
    """Return the file name extension for these first bytes, or None for an unsupported format.

    The brands distinguish the family of AVIF, the major one first: ``mif1`` and ``msf1`` alone fit any of its formats.
    """
    found = container(data)
    if found != "AVIF":
        return None if found is None else ENDINGS[found]
    size = min(int.from_bytes(data[:4]), len(data))
    brands = [data[8:12], *(data[offset : offset + 4] for offset in range(16, size - 3, 4))]
    for brand in brands:
        if brand in (b"avif", b"avis"):
            return "avif"
        if brand[:3] in (b"hei", b"hev"):
            return "heic"
    return "heif"


def excess(container: str, data: bytes) -> tuple[str, str] | None:
    """Return the limit that the file exceeds, as (rule, finding) for a message, or None."""
    check = {"JPEG": _jpeg, "PNG": _png, "GIF": _gif, "TIFF": _tiff, "BMP": _bmp}.get(container)
    try:
        return check(data) if check else None
    except (struct.error, IndexError):
        return None  # truncated file


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
            limit = min(SCANS, max(SCANS_OF_ANY, SCANNED // pixels))
            return (f"a JPEG file of at most {limit} scans", f"with {scans:,}") if scans > limit else None
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
            # Sub-blocks, each preceded by its length, end with one of length 0.
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
    # An entry consists of tag, type, count, and the number itself or the offset of its numbers.
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
        # A single short number is stored in the first bytes of its field.
        field = value.to_bytes(8 if big else 4, "little" if order == "<" else "big")
        first.setdefault(tag, int.from_bytes(field[: size or 1], "little" if order == "<" else "big"))
    if numbers > NUMBERS:
        return f"a TIFF file of at most {NUMBERS:,} numbers in its directory", f"with {numbers:,}"
    # Tiles are decoded completely, even where they extend beyond the picture.
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
