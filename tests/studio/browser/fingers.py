"""Fingers on a touch screen, through Chromium's DevTools protocol."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Locator, Page

Place = tuple[float, float]
STEPS = 8


def move(page: Page, of: Locator, paths: Sequence[tuple[Place, Place]]) -> None:
    """Put fingers on an element, move each along a path in fractions of its box, and lift them."""
    box = of.bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)

    def touch(kind: str, part: float) -> None:
        places = [tuple(first + part * (last - first) for first, last in zip(*path, strict=True)) for path in paths]
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": number}
            for number, (x, y) in enumerate(places)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else points})

    touch("touchStart", 0)
    for step in range(1, STEPS + 1):
        touch("touchMove", step / STEPS)
    touch("touchEnd", 1)
    session.detach()
