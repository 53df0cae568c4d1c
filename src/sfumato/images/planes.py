"""Conversion of decoded images of any mode to planes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import PictureError
from sfumato.images import profile
from sfumato.images.decode import Decoded, guarded
from sfumato.images.picture_errors import picture_error

Plane = NDArray[np.uint8 | np.float32]
"""Array (H, W) with values 0..255 in uint8, or in [0, 1] in float32."""

Number = TypeVar("Number", bound=np.generic)

_OVERSHOOT = 0.1
"""Fraction of the range by which float values may exceed it, as after sharpening or resizing."""


@dataclass(frozen=True)
class Planes:
    """Planes of a picture: one color plane for gray, three for RGB, and alpha where the file has it."""

    colors: tuple[Plane, ...]
    alpha: Plane | None = None

    @property
    def all(self) -> tuple[Plane, ...]:
        """Color planes, then alpha where there is one."""
        return self.colors if self.alpha is None else (*self.colors, self.alpha)

    @property
    def opaque(self) -> bool:
        """Whether every pixel is opaque."""
        return self.alpha is None or bool(self.alpha.min() == (255 if self.alpha.dtype == np.uint8 else 1))

    def without_alpha(self) -> Planes:
        """Return the color planes alone, unchanged."""
        return replace(self, alpha=None)

    def oriented(self, orientation: int) -> Planes:
        """Return views, rotated and mirrored by the EXIF tag Orientation (1 to 8)."""
        alpha = None if self.alpha is None else _oriented(self.alpha, orientation)
        return Planes(tuple(_oriented(plane, orientation) for plane in self.colors), alpha)


def from_decoded(decoded: Decoded, source: str, *, managed: bool) -> Planes:
    """Convert a decoded image to planes, oriented by its EXIF data; ``source`` is its name in messages.

    Gray of up to 16 bits is v / (2^bits - 1); a palette of grays alone is gray. Pillow reduces colors of 16 bits, and
    gray of 16 bits with alpha, to 8 bits. CMYK, YCbCr and LAB become RGB. With ``managed``, an embedded profile is
    converted to sRGB, except that of float gray. The range of float gray is [0, 1], [0, 255] or [0, 65535], the first
    whose upper end its maximum exceeds by at most a tenth; values are clipped to it.
    Raises PictureError for float values that are not finite or fit none of the three, and for integers beyond 65535.
    """
    with guarded(source):
        image, layout, orientation = decoded.image, decoded.layout, decoded.orientation
        white_is_zero = decoded.white_is_zero
        # Each step creates an image of up to 256 MB, so no name may refer to the previous one.
        del decoded
        if white_is_zero and image.mode == "I;16":
            image = _inverted(image)
        is_gray = layout.startswith("LA;")  # 16-bit gray with alpha, which Pillow reads as RGBA
        if image.mode in ("P", "PA"):
            is_gray = _palette_is_gray(image)
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if image.mode in ("La", "RGBa"):
            image = image.convert(image.mode.upper())
        if image.mode == "1":
            image = image.convert("L")
        alpha = _alpha(image, layout)
        if image.mode == "LA" or is_gray:
            image = image.getchannel(0)
        if image.mode not in ("L", "RGB", "RGBA", "CMYK", "I", "F") and not image.mode.startswith("I;16"):
            image = image.convert("RGB")
        if managed:
            image = profile.to_srgb(image)
        if image.mode == "CMYK":
            image = image.convert("RGB")
        colors = _colors(image, layout, source)
        if white_is_zero and image.mode == "F":
            colors = tuple(1 - plane for plane in colors)
        return Planes(colors, alpha).oriented(orientation)


def _inverted(image: Image.Image) -> Image.Image:
    inverted = Image.fromarray(np.uint16(65535) - np.asarray(image))
    inverted.info = image.info
    return inverted


def _palette_is_gray(image: Image.Image) -> bool:
    # GIF files can be gray only in this way.
    levels = np.array(image.getpalette() or [0, 0, 1]).reshape(-1, 3)
    return bool((levels == levels[:, :1]).all())


def _alpha(image: Image.Image, layout: str) -> NDArray[np.uint8] | None:
    if image.mode in ("LA", "RGBA"):
        return np.asarray(image.getchannel("A"))
    return _alpha_of_key(image, layout) if "transparency" in image.info else None


def _colors(image: Image.Image, layout: str, source: str) -> tuple[Plane, ...]:
    if image.mode in ("RGB", "RGBA"):
        return tuple(np.asarray(image.getchannel(channel)) for channel in range(3))
    values = np.asarray(image)
    if image.mode == "L":
        return (values,)
    if image.mode == "F":
        return (_of_floats(values, source),)
    top = 4095 if layout == "I;12" else 65535
    if image.mode == "I" and (values.min() < 0 or values.max() > top):
        raise _out_of_range(values, f"integers from 0 to {top}", source)
    # Both are integers that float32 represents exactly, so that their quotient is rounded once.
    return (values.astype(np.float32) / np.float32(top),)


def _of_floats(values: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        rule, remedy = "a picture with finite values", "replace them in the program that made the picture"
        raise picture_error(source, rule, "which contains NaN or infinity", remedy)
    low, high = float(values.min()), float(values.max())
    top = next((top for top in (1, 255, 65535) if high <= (1 + _OVERSHOOT) * top), None)
    if top is not None and low >= -_OVERSHOOT * top:
        return np.clip(values / np.float32(top), 0, 1)
    raise _out_of_range(values, "values from 0 to 1, 255 or 65535", source)


def _out_of_range(values: NDArray[Any], rule: str, source: str) -> PictureError:
    found = f"with values from {values.min():g} to {values.max():g}"
    return picture_error(source, f"a picture of {rule}", found, "scale them in the program that made the picture")


def _alpha_of_key(image: Image.Image, layout: str) -> NDArray[np.uint8] | None:
    """Return alpha 0 where a pixel has the one color that a PNG or GIF file marks as transparent (tRNS), else 255."""
    key = image.info["transparency"]
    levels = list(key) if isinstance(key, tuple) else [key]
    bands = image.split() if image.mode == "RGB" else (image,)
    if len(levels) != len(bands) or not all(isinstance(level, int) for level in levels):
        return None
    # Pillow converts samples of 2, 4 and 16 bits to 8 bits, but does not convert the key.
    match = [np.asarray(band) == _in_8_bits(level, layout) for band, level in zip(bands, levels, strict=True)]
    return np.where(np.logical_and.reduce(match), np.uint8(0), np.uint8(255))


def _in_8_bits(level: int, layout: str) -> int:
    if layout == "RGB;16B":
        return level >> 8
    return level * {"L;2": 85, "L;4": 17}.get(layout, 1)


def _oriented(plane: NDArray[Number], orientation: int) -> NDArray[Number]:
    match orientation:
        case 2:
            return plane[:, ::-1]
        case 3:
            return plane[::-1, ::-1]
        case 4:
            return plane[::-1]
        case 5:
            return plane.T
        case 6:
            return plane[::-1].T
        case 7:
            return plane[::-1, ::-1].T
        case 8:
            return plane[:, ::-1].T
        case _:
            return plane
