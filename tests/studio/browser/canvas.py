"""The content of the page's canvases."""

from __future__ import annotations

import base64
import io

from PIL import Image
from playwright.sync_api import Locator


def data_url(canvas: Locator) -> str:
    """Return a canvas's pixels as a data URL."""
    return canvas.evaluate("canvas => canvas.toDataURL()")


def colors(canvas: Locator) -> int:
    """Return the number of distinct colors of a canvas; 1 while nothing is drawn."""
    data = base64.b64decode(data_url(canvas).partition(",")[2])
    if not data:
        return 0
    with Image.open(io.BytesIO(data)) as image:
        return len(image.convert("RGBA").resize((32, 32), Image.Resampling.NEAREST).getcolors(1024) or ())
