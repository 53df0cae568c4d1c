"""The figure as HTML: painting beside picture, how far it is, and the curve so far. No script, no style sheet."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato import images

LONGEST = 320
"""Pixels of the longer side of each picture."""

CURVE = (640, 110)


def encoded(picture: NDArray[np.float32]) -> str:
    """(H, W, C) in [0, 1] -> a small WebP as the text of a data URI."""
    image = images.as_image(picture)
    image.thumbnail((LONGEST, LONGEST))
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
    """``target`` and ``painting`` as `encoded`, ``size`` (H, W) of the picture, ``curve`` (epoch, PSNR in dB)."""
    scale = min(LONGEST / max(size), 8.0)
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
    known = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(known) < 2:
        return ""
    width, height = CURVE
    last, low, high = known[-1][0] or 1.0, min(y for _, y in known), max(y for _, y in known)
    span = high - low or 1.0
    line = " ".join(f"{x / last * width:.1f},{height - 4 - (y - low) / span * (height - 8):.1f}" for x, y in known)
    return (
        f'<svg viewBox="0 0 {width} {height}" style="width:100%;display:block" role="img" '
        f'aria-label="PSNR by epoch"><polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
        f'<g fill="currentColor" font-size="12" font-family="monospace"><text x="2" y="12">{high:.1f} dB</text>'
        f'<text x="{width - 2}" y="{height - 6}" text-anchor="end">{low:.1f} dB, epoch 0 to {last:.2f}</text></g></svg>'
    )
