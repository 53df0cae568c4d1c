"""Decoding of untrusted bytes to Pillow images."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from sfumato.errors import SfumatoError
from sfumato.images import structure
from sfumato.images.picture_errors import FORMATS, picture_error, reason

MAX_PIXELS = 64_000_000
MAX_PIXELS_OF = {
    # Their decoders store several copies of the picture: with more pixels they need over 1 GiB.
    "WEBP": 32_000_000,
    "AVIF": 48_000_000,
    "HEIF of more than 8 bits": 36_000_000,
    # Decoded by a loop in Python.
    "run-length encoded BMP": 8_000_000,
}
REMEDY = "save a smaller copy of the picture"
TOO_BIG_FOR_MEMORY = (
    "a picture that fits in memory",
    "which needs more than is available",
    "save a smaller copy of the picture, or set picture.max_side",
)
_BITS, _PHOTOMETRIC = 258, 262
"""Tags of TIFF files."""

_NOT_INVERTED = ("I;16", "I;16N", "F;32F", "F;32BF")
"""Layouts of TIFF files for which Pillow does not apply WhiteIsZero."""
_MISREAD = ("F;32BF", "I;32BS", "I;16BS")
"""Layouts that libtiff converts to native byte order, and Pillow then swaps again."""


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Discard everything that the whole process writes to standard error in the meantime.

    libtiff prints a line per defect, and Pillow has no option to turn that off. Use it briefly, from one thread at a
    time.
    """
    try:
        saved = os.dup(2)
    except OSError:
        # A process without standard error, such as a service, needs no suppression.
        yield
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


_ONE_AT_A_TIME = threading.Lock()
"""Lock of all decoding: muting warnings is not thread-safe, and two large pictures at once would double the memory."""

# Without a handler, Python prints Pillow's log records to the terminal.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextlib.contextmanager
def guarded(source: str) -> Iterator[None]:
    """Convert every exception of Pillow to one PictureError about ``source``, and mute Pillow's warnings."""
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SfumatoError:
        raise
    except MemoryError:
        raise picture_error(source, *TOO_BIG_FOR_MEMORY) from None
    except Image.DecompressionBombError as error:
        # Pillow checks its own limit first.
        pixels = re.search(r"\d+", str(error))
        found = f"with {int(pixels[0]):,}" if pixels else "with many more"
        raise picture_error(source, f"a picture of at most {MAX_PIXELS:,} pixels", found, REMEDY) from None
    # Decoders raise exceptions of every type on damaged files.
    except Exception as error:
        # Pillow's message for a file that no decoder accepts contains only the address of an object.
        detail = "" if isinstance(error, UnidentifiedImageError) else f" ({type(error).__name__}: {reason(error)})"
        found = f"which is damaged, or of a kind that Pillow cannot read{detail}"
        raise picture_error(source, "an intact picture file", found, "export it again, for example as PNG") from None


@dataclass(frozen=True)
class Decoded:
    """A decoded image.

    ``layout`` is Pillow's name of the file's sample layout, such as ``RGB;16B``; ``white_is_zero`` tells whether 0
    means white; ``orientation`` is the EXIF tag Orientation, 1 where none can be read.
    """

    image: Image.Image
    layout: str
    white_is_zero: bool
    orientation: int


def decoded(data: bytes, source: str) -> Decoded:
    """Decode the first frame of a picture file's bytes; ``source`` is its name in messages. Raises PictureError.

    The size in the header is checked before any pixel is decoded.
    """
    with guarded(source):
        return _decoded(data, source)


def _decoded(data: bytes, source: str) -> Decoded:
    container = structure.container(data)
    if container is None:
        raise picture_error(source, f"a picture ({FORMATS})", "which is none of these", "convert it to PNG")
    if found := structure.excess(container, data):
        raise picture_error(source, *found, "open it in a picture editor and save it again")
    return _loaded(_opened(data, container, source), container, source)


def _loaded(image: ImageFile.ImageFile, container: str, source: str) -> Decoded:
    """Decode an image whose header was read: its first frame, or the frame that was sought."""
    codec, layout = _coding(image)
    kind = image.format or container
    if codec == "bmp_rle":
        kind = "run-length encoded BMP"
    elif kind == "HEIF" and image.info.get("bit_depth", 8) > 8:
        kind = "HEIF of more than 8 bits"
    _check_pixels(image, kind, source)
    if codec == "libtiff" and layout in _MISREAD:
        rule, remedy = "a TIFF file that Pillow reads correctly", "save it uncompressed, or as a 16-bit PNG"
        raise picture_error(source, rule, "which is compressed, big-endian, and signed or float", remedy)
    white_is_zero = layout in _NOT_INVERTED and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    with silenced() if codec == "libtiff" else contextlib.nullcontext():
        image.load()
    # A decoder may find another size than that of the header.
    _check_pixels(image, kind, source)
    # A new image with the same pixels, because the opened one holds the file and the decoder's buffers.
    return Decoded(image._new(image.im), layout, white_is_zero, _orientation(image))


def opened(image: Image.Image, source: str) -> Decoded:
    """Decode an image of Pillow as `decoded` does its file; the image is loaded, but not changed.

    Of an image that is loaded already, Pillow knows the sample layout of its file only if that was TIFF. Raises
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
    """Return Pillow's names of the decoder and of the sample layout; empty where Pillow does not decode the file."""
    if not image.tile:
        return "", ""
    codec, _, _, arguments = image.tile[0]
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return codec, str(first)


def _orientation(image: Image.Image) -> int:
    try:
        # Pillow has already rotated a TIFF file, and pillow-heif a HEIC file, and removed the tag.
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    # Arbitrary EXIF data may raise anything.
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _opened(data: bytes, container: str, source: str) -> ImageFile.ImageFile:
    # Only the decoder for the file's first bytes may run: some of Pillow's other decoders start external programs.
    if container != "AVIF":
        return Image.open(io.BytesIO(data), formats=[container])
    # Pillow reads AVIF and pillow-heif HEIC; each rejects the other format.
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
        raise picture_error(source, "a picture with an installed decoder", "which appears to be HEIC", remedy) from None


def _check_pixels(image: ImageFile.ImageFile, kind: str, source: str) -> None:
    width, height = image.size
    _check_size(image.size, MAX_PIXELS_OF.get(kind, MAX_PIXELS), kind, source)
    # The strips of a TIFF file may cover the same pixels repeatedly; legitimate files have at most six planes.
    boxes = [tile.extents for tile in image.tile if tile.extents is not None]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if covered > 8 * width * height:
        rule, remedy = "a picture whose parts cover it once", "open it in a picture editor and save it again"
        raise picture_error(source, rule, f"whose parts cover it {covered // (width * height):,} times", remedy)


def _check_size(size: tuple[int, int], limit: int, kind: str, source: str) -> None:
    if size[0] * size[1] > limit:
        rule = f"a picture of at most {limit:,} pixels" + (f" as {kind}" if limit < MAX_PIXELS else "")
        raise picture_error(source, rule, f"with {size[0]}x{size[1]}", REMEDY)
    if min(size) < 1:
        raise picture_error(source, "a picture with pixels", "which has no pixels", "use another picture")
