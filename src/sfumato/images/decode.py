"""Bytes to a decoded Pillow image, whatever the bytes are."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from sfumato.errors import SfumatoError
from sfumato.images import structure
from sfumato.images.refusal import FORMATS, reason, refusal
from sfumato.images.silence import silenced

MAX_PIXELS = 64_000_000
MAX_PIXELS_OF = {
    # Their decoders hold the picture several times: with more pixels they go over 1 GiB.
    "WEBP": 32_000_000,
    "AVIF": 48_000_000,
    "HEIF of more than 8 bits": 36_000_000,
    # Decoded by a loop in Python.
    "run-length encoded BMP": 8_000_000,
}

REMEDY = "save a smaller copy of the picture"

TOO_BIG_FOR_MEMORY = (
    "a picture that fits in memory",
    "which needs more than there is",
    "save a smaller copy of the picture, or set picture.max_side",
)

_BITS, _PHOTOMETRIC = 258, 262
_NOT_INVERTED = ("I;16", "I;16N", "F;32F", "F;32BF")
"""Layouts of TIFF files whose WhiteIsZero Pillow leaves to us."""

_MISREAD = ("F;32BF", "I;32BS", "I;16BS")
"""Layouts that libtiff brings into this machine's order of bytes, and Pillow then swaps once more."""

_ONE_AT_A_TIME = threading.Lock()
"""Muting warnings is not thread-safe in Python, and two big pictures at once would take twice the memory."""

# Python prints what Pillow logs to the terminal unless there is a handler.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextlib.contextmanager
def guarded(source: str) -> Iterator[None]:
    """Turn whatever Pillow raises into one PictureError about ``source``, and mute what it warns of."""
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SfumatoError:
        raise
    except MemoryError:
        raise refusal(source, *TOO_BIG_FOR_MEMORY) from None
    except Image.DecompressionBombError as error:
        # Pillow's own limit, which comes before ours.
        pixels = re.search(r"\d+", str(error))
        found = f"with {int(pixels[0]):,}" if pixels else "with many more"
        raise refusal(source, f"a picture of at most {MAX_PIXELS:,} pixels", found, REMEDY) from None
    # Decoders meet damaged files with every kind of exception there is, and none is a fault of this program.
    except Exception as error:
        # Pillow's own text for a file that no decoder takes is the address of an object.
        detail = "" if isinstance(error, UnidentifiedImageError) else f" ({type(error).__name__}: {reason(error)})"
        found = f"which is damaged, or of a kind that Pillow cannot read{detail}"
        raise refusal(source, "a whole picture", found, "export it again, as PNG if need be") from None


@dataclass(frozen=True)
class Decoded:
    """An image; how its file stores values, in Pillow's words (such as ``RGB;16B``); whether 0 means white there; and
    the EXIF tag Orientation, 1 where there is none that can be read.
    """

    image: Image.Image
    layout: str
    white_is_zero: bool
    orientation: int


def decoded(data: bytes, source: str) -> Decoded:
    """The first frame of a picture file's bytes; ``source`` is what the person called it. Raises PictureError.

    The size in the header is checked before any pixel is decoded.
    """
    with guarded(source):
        return _decoded(data, source)


def _decoded(data: bytes, source: str) -> Decoded:
    container = structure.container(data)
    if container is None:
        raise refusal(source, f"a picture ({FORMATS})", "which is none of these", "convert it to PNG")
    if found := structure.excess(container, data):
        raise refusal(source, *found, "open it in a picture editor and save it again")
    return _loaded(_opened(data, container, source), container, source)


def _loaded(image: ImageFile.ImageFile, container: str, source: str) -> Decoded:
    """An image of which the header was read; its first frame, or that which was sought."""
    codec, layout = _coding(image)
    kind = image.format or container
    if codec == "bmp_rle":
        kind = "run-length encoded BMP"
    elif kind == "HEIF" and image.info.get("bit_depth", 8) > 8:
        kind = "HEIF of more than 8 bits"
    _check_pixels(image, kind, source)
    if codec == "libtiff" and layout in _MISREAD:
        rule, remedy = "a TIFF file that Pillow reads right", "save it uncompressed, or as a 16-bit PNG"
        raise refusal(source, rule, "which is compressed, big-endian, and signed or float", remedy)
    white_is_zero = layout in _NOT_INVERTED and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    with silenced() if codec == "libtiff" else contextlib.nullcontext():
        image.load()
    # A decoder may find another size than the header gave.
    _check_pixels(image, kind, source)
    # An image of its own, with the same pixels: the one that was opened keeps the file and the decoder's canvases.
    return Decoded(image._new(image.im), layout, white_is_zero, _orientation(image))


def opened(image: Image.Image, source: str) -> Decoded:
    """An image that a program holds, as `decoded` gives that of its file; the image stays as it is, but is loaded.

    Of one that Pillow has read already it has kept how the values were stored where the file was TIFF alone. Raises
    PictureError.
    """
    with guarded(source):
        if isinstance(image, ImageFile.ImageFile) and image.tile:
            return _loaded(image, image.format or "", source)
        _check_size(image.size, MAX_PIXELS, "", source)
        tags = getattr(image, "tag_v2", {})
        layout = {"F": "F;32F", "I;16": "I;12" if tags.get(_BITS) in (12, (12,)) else "I;16"}.get(image.mode, "")
        white_is_zero = layout in _NOT_INVERTED and tags.get(_PHOTOMETRIC) == 0
        image.load()
        return Decoded(image._new(image.im), layout, white_is_zero, _orientation(image))


def _coding(image: ImageFile.ImageFile) -> tuple[str, str]:
    """The decoder that will run, and how the values are stored, in Pillow's words; empty where another reads them."""
    if not image.tile:
        return "", ""
    codec, _, _, arguments = image.tile[0]
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return codec, str(first)


def _orientation(image: Image.Image) -> int:
    try:
        # Pillow has turned a TIFF file already, and pillow-heif a HEIC file, and taken the tag away.
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    # Its data is whatever bytes the file has.
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _opened(data: bytes, container: str, source: str) -> ImageFile.ImageFile:
    # Only the decoder that the file's first bytes ask for may try: some of Pillow's others start external programs.
    if container != "AVIF":
        return Image.open(io.BytesIO(data), formats=[container])
    # Pillow reads AVIF, pillow-heif HEIC; each rejects what is the other's.
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    try:
        return Image.open(io.BytesIO(data), formats=[name for name in ("AVIF", "HEIF") if name in Image.OPEN])
    except UnidentifiedImageError:
        if "HEIF" in Image.OPEN:
            raise
        remedy = "run: pip install pillow-heif, or convert it to JPEG"
        raise refusal(source, "a picture with an installed decoder", "which seems to be HEIC", remedy) from None


def _check_pixels(image: ImageFile.ImageFile, kind: str, source: str) -> None:
    width, height = image.size
    _check_size(image.size, MAX_PIXELS_OF.get(kind, MAX_PIXELS), kind, source)
    # The strips of a TIFF file may cover one place again and again. Six planes, one a channel, are the most there are.
    boxes = [tile.extents for tile in image.tile if tile.extents is not None]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if covered > 8 * width * height:
        rule, remedy = "a picture whose parts cover it once", "open it in a picture editor and save it again"
        raise refusal(source, rule, f"whose parts cover it {covered // (width * height):,} times", remedy)


def _check_size(size: tuple[int, int], most: int, kind: str, source: str) -> None:
    if size[0] * size[1] > most:
        rule = f"a picture of at most {most:,} pixels" + (f" as {kind}" if most < MAX_PIXELS else "")
        raise refusal(source, rule, f"with {size[0]}x{size[1]}", REMEDY)
    if min(size) < 1:
        raise refusal(source, "a picture", "which has no pixels", "give one that has some")
