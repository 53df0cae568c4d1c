"""A touch screen: two fingers zoom, one pans a zoomed picture, and a tap shows a pixel's values."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.studio.browser.canvas import colors, data_url
from tests.studio.browser.conftest import Open
from tests.studio.browser.fingers import move
from tests.studio.server import eventually

APART = [((0.5, 0.1), (0.5, 0.1)), ((0.5, 0.2), (0.5, 0.9))]
"""One finger stays, and one moves down as in scrolling, which the browser must leave to the picture."""
TOGETHER = [(last, first) for first, last in APART]


def phone(visit: Open, path: str) -> Page:
    return visit(path, width=390, has_touch=True, is_mobile=True, device_scale_factor=2)


def steps(page: Page) -> float:
    """Return the page's scroll position and zoom, which two fingers on a picture must not change."""
    return page.evaluate("scrollY + 1000 * (visualViewport.scale - 1)")


def test_two_fingers_zoom_all_panes(visit: Open, names: list[str]) -> None:
    page = phone(visit, f"/runs/{names[0]}")
    panes = page.locator(".panes canvas")
    eventually(lambda: colors(panes.nth(2)) > 8)
    before = [data_url(panes.nth(at)) for at in range(3)]
    scrolled = steps(page)
    move(page, panes.nth(1), APART)
    eventually(lambda: all(data_url(panes.nth(at)) != before[at] for at in range(3)))
    expect(page.locator(".viewer")).to_have_class(re.compile("enlarged"))
    enlarged = [data_url(panes.nth(at)) for at in range(3)]
    # When zoomed, one finger pans the picture, not the page.
    move(page, panes.nth(1), [((0.5, 0.5), (0.5, 0.2))])
    eventually(lambda: all(data_url(panes.nth(at)) != enlarged[at] for at in range(3)))
    for _ in range(2):
        move(page, panes.nth(1), TOGETHER)
    expect(page.locator(".viewer")).not_to_have_class(re.compile("enlarged"))
    assert steps(page) == scrolled


def test_a_tap_shows_values_and_one_finger_scrolls(visit: Open, names: list[str]) -> None:
    page = phone(visit, f"/runs/{names[0]}")
    panes = page.locator(".panes canvas")
    eventually(lambda: colors(panes.nth(2)) > 8)
    readout = page.locator(".readout")
    expect(readout).to_contain_text("Tap a picture")
    below = top(page.locator(".timeline"))
    panes.nth(1).tap(position={"x": 5, "y": 5})
    expect(readout).to_contain_text(re.compile(r"row 0, column 0.*target.*painting.*error"))
    assert top(page.locator(".timeline")) == below
    move(page, panes.nth(1), [((0.5, 0.9), (0.5, 0.1))])
    eventually(lambda: steps(page) > 0)


def test_two_fingers_zoom_the_infinite_zoom(visit: Open, names: list[str]) -> None:
    page = phone(visit, f"/runs/{names[0]}/zoom")
    eventually(lambda: colors(page.locator(".deep canvas")) > 8)
    foot = page.locator(".zoom-foot span").first
    scale = power(foot)
    scrolled = steps(page)
    move(page, page.locator(".deep canvas"), APART)
    eventually(lambda: power(foot) > 4 * scale)
    move(page, page.locator(".deep canvas"), TOGETHER)
    eventually(lambda: abs(power(foot) / scale - 1) < 0.05)
    assert steps(page) == scrolled


def power(foot: Locator) -> float:
    return float(foot.inner_text().split()[0])


def top(of: Locator) -> float:
    box = of.bounding_box()
    assert box is not None
    return box["y"]
