"""What a canvas of the page shows."""

from __future__ import annotations

from playwright.sync_api import Locator

# Of a copy: a browser warns of a canvas itself that is read again and again.
COPIED = """(canvas, side) => {
    const [width, height] = side ? [side, side] : [canvas.width, canvas.height];
    if (!canvas.width || !canvas.height) return null;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, width, height);
    return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
}"""
SHOWN = f"""canvas => {{
    let sum = 2166136261;
    for (const pixel of ({COPIED})(canvas, 0) ?? []) sum = Math.imul(sum ^ pixel, 16777619);
    return [canvas.width, canvas.height, sum];
}}"""
COLOURS = f"canvas => new Set(({COPIED})(canvas, 32) ?? []).size"


def shown(canvas: Locator) -> list[int]:
    """Its size and a sum of its pixels, which differs where they do."""
    return canvas.evaluate(SHOWN)


def colours(canvas: Locator) -> int:
    """How many different colours it has: 1 while nothing is drawn."""
    return canvas.evaluate(COLOURS)
