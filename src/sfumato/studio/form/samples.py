"""Previews of the sample pictures, for the form."""

from __future__ import annotations

import functools
import io

from PIL import Image

from sfumato.errors import PictureError
from sfumato.images.samples import SAMPLES, sample_path
from sfumato.studio.web.problems import Problem

SIDE = 256
"""Pixels of a preview's longer side."""

SHIPPED = tuple(name for name in SAMPLES if name != "mona-lisa")
"""Samples that the package contains, so that they need no download."""


def thumbnail(name: str) -> str | None:
    """Return the URL of a sample's preview; None if it has none."""
    return f"/api/samples/{name}.webp" if name in SHIPPED else None


@functools.cache
def webp(name: str) -> bytes:
    """Return a sample's preview as WebP. Raise Problem if there is no such sample."""
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
