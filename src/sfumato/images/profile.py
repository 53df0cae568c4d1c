"""Conversion of embedded color profiles to sRGB, by LittleCMS through Pillow."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_SPACES = {"L": "GRAY", "I;16": "GRAY", "I;16B": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}
"""Color spaces of the image modes that are converted."""

_MAX_BYTES = 16_000_000
_ROUNDING = 2
"""Levels of 255 by which an sRGB profile may differ from that of LittleCMS."""


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert the image from its embedded profile to sRGB, with perceptual intent. CMYK becomes RGB; alpha is kept.

    The image itself is returned where the profile is absent, damaged, or made for another color space, as in every
    viewer, and where the profile is sRGB up to rounding, so that the file's values are exact.
    """
    data = image.info.get("icc_profile")
    if not isinstance(data, bytes) or not 0 < len(data) <= _MAX_BYTES or image.mode not in _SPACES:
        return image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        if _is_srgb(profile):
            return image
        mode = "RGB" if image.mode == "CMYK" else image.mode
        # LittleCMS's optimization of gray by a table has errors of up to ten levels of 255 near black.
        flags = ImageCms.Flags.NOOPTIMIZE if _SPACES[mode] == "GRAY" else ImageCms.Flags.NONE
        return ImageCms.buildTransform(profile, _srgb(_SPACES[mode]), image.mode, mode, flags=flags).apply(image)
    # LittleCMS raises for profiles that are damaged, or describe another color space than that of the image.
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


def _space(profile: ImageCms.ImageCmsProfile) -> str:
    return str(getattr(profile.profile, "xcolor_space", "")).strip()


def _srgb(space: str) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(
        io.BytesIO(_gray_srgb_profile()) if space == "GRAY" else ImageCms.createProfile("sRGB")
    )


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    space = _space(profile)
    if space not in ("GRAY", "RGB"):
        return False
    mode, samples = ("L" if space == "GRAY" else "RGB"), _samples(space)
    converted = ImageCms.buildTransform(profile, _srgb(space), mode, mode).apply(Image.fromarray(samples))
    return bool(np.max(np.abs(np.asarray(converted).astype(np.int16) - samples)) <= _ROUNDING)


@functools.cache
def _samples(space: str) -> NDArray[np.uint8]:
    # All levels of gray, or all combinations of 17 levels per channel, 0 and 255 included.
    if space == "GRAY":
        return np.arange(256, dtype=np.uint8)[np.newaxis]
    levels = np.rint(np.linspace(0, 255, 17)).astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(17, 17 * 17, 3)


@functools.cache
def _gray_srgb_profile() -> bytes:
    """Return an ICC profile (ISO 15076-1) of gray with the transfer function of sRGB, which Pillow cannot create."""

    def fixed(*numbers: float) -> bytes:
        return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)

    white = fixed(0.9642, 1.0, 0.8249)  # D50, the reference of all profiles
    # Function type 3: ((x + 0.055) / 1.055)^2.4 from 0.04045, x / 12.92 below.
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = ((b"wtpt", b"XYZ " + bytes(4) + white), (b"kTRC", curve))
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags:
        table += struct.pack(">4sII", name, start + len(body), len(tag))
        body += tag
    header = struct.pack(">I4xI4s4s4s", start + len(body), 0x04200000, b"mntr", b"GRAY", b"XYZ ")
    return header + bytes(12) + b"acsp" + bytes(28) + white + bytes(48) + table + body
