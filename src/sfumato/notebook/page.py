"""The figure as HTML without scripts or style sheets: painting, picture, progress, and the curve so far."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato import images

MAX_SIDE = 320
"""Largest longer side of each picture in pixels."""

CURVE_SIZE = (640, 110)
"""(width, height) of the curve, in units of its SVG."""


def data_uri(picture: NDArray[np.float32]) -> str:
    """Encode a picture (H, W, C) in [0, 1] as a small WebP in a data URI."""
    image = images.as_image(picture)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    file = io.BytesIO()
    image.save(file, format="WEBP", quality=85, method=0)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def page(
    target: str,
    painting: str | None,
    size: tuple[int, int],
    *,
    status: str,
    progress: float,
    curve: Sequence[tuple[float, float]],
) -> str:
    """Return the figure as HTML.

    ``target`` and ``painting`` are results of `data_uri`, ``size`` is the picture's (H, W), ``progress`` is 0 to 1, and
    ``curve`` consists of (epoch, PSNR in dB) points.
    """
    scale = min(MAX_SIDE / max(size), 8.0)
    shape = f"width:{round(size[1] * scale)}px;height:{round(size[0] * scale)}px"
    pictures = "".join(
        f'<img alt="{name}" style="{shape}" src="{data}">'
        for name, data in (("painting", painting), ("picture", target))
        if data is not None
    )
    bar = (
        '<div style="width:100%;height:4px;background:rgba(128,128,128,.3)">'
        f'<div style="width:{100 * progress:.1f}%;height:4px;background:#b0562a"></div></div>'
    )
    return (
        f'<div style="display:inline-block"><div style="display:flex;gap:8px">{pictures}</div>'
        f'{bar}<div style="font-family:monospace">{html.escape(status)}</div>{_curve(curve)}</div>'
    )


def _curve(points: Sequence[tuple[float, float]]) -> str:
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(finite) < 2:
        return ""
    width, height = CURVE_SIZE
    last, low, high = finite[-1][0] or 1.0, min(y for _, y in finite), max(y for _, y in finite)
    span = high - low or 1.0
    line = " ".join(f"{x / last * width:.1f},{height - 4 - (y - low) / span * (height - 8):.1f}" for x, y in finite)
    return (
        f'<svg viewBox="0 0 {width} {height}" style="width:100%;display:block" role="img" '
        f'aria-label="PSNR by epoch"><polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
        f'<g fill="currentColor" font-size="12" font-family="monospace"><text x="2" y="12">{high:.1f} dB</text>'
        f'<text x="{width - 2}" y="{height - 6}" text-anchor="end">{low:.1f} dB, epoch 0 to {last:.2f}</text></g></svg>'
    )
