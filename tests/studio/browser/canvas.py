"""What a canvas of the page shows."""

from __future__ import annotations

import base64
import io

from PIL import Image
from playwright.sync_api import Locator


def shown(canvas: Locator) -> str:
    """Its pixels, as a text that differs where they do."""
    return canvas.evaluate("canvas => canvas.toDataURL()")


def colors(canvas: Locator) -> int:
    """How many different colors it has: 1 while nothing is drawn."""
    data = base64.b64decode(shown(canvas).partition(",")[2])
    if not data:
        return 0
    with Image.open(io.BytesIO(data)) as image:
        return len(image.convert("RGBA").resize((32, 32), Image.Resampling.NEAREST).getcolors(1024) or ())
