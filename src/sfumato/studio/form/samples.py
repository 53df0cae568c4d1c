"""Small pictures of the samples, for the form."""

from __future__ import annotations

import functools
import io

from PIL import Image

from sfumato.errors import PictureError
from sfumato.images.samples import SAMPLES, sample_path
from sfumato.studio.web.problems import Problem

SIDE = 256
"""Pixels of the longer side."""

SHIPPED = tuple(name for name in SAMPLES if name != "mona-lisa")
"""Those that are here without being fetched."""


def thumbnail(name: str) -> str | None:
    """The address of a sample's small picture; None where it has none."""
    return f"/api/samples/{name}.webp" if name in SHIPPED else None


@functools.cache
def webp(name: str) -> bytes:
    """A sample's small picture. Raises Problem for what is none."""
    if name not in SHIPPED:
        raise Problem(404, "There is no such sample.")
    try:
        with Image.open(sample_path(name)) as image:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, format="WEBP", quality=82, method=4)
    except (OSError, PictureError) as error:
        raise Problem(404, str(error)) from None
    return buffer.getvalue()
