"""Every page in light and dark, wide and narrow: no console messages, no overflow, accessible names."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.studio.browser.conftest import Open

PAGES = ["/", "/new", "/race?runs={0},{1}", "/experiments", "/runs/{0}", "/runs/{0}/layers", "/runs/{0}/zoom"]
MAX_SHIFT = 0.02
"""Limit of the cumulative layout shift."""
SHIFTS = """() => new Promise(resolve => {
    let sum = 0;
    const observe = list => list.getEntries().forEach(each => { if (!each.hadRecentInput) sum += each.value; });
    new PerformanceObserver(observe).observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve(sum), 100);
})"""
NARROW = (320, 360)
FONTS = (
    "* { letter-spacing: 0.09em !important }",
    "* { letter-spacing: -0.05em !important }",
    "* { font-family: monospace !important }",
    "* { font-family: serif !important }",
)
"""Text wider and narrower than any system font in place of ours, and other fonts."""
ADD_STYLE = (
    "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet]; }"
)
MISNAMED = """() => [...document.querySelectorAll("button, a, summary, label, input, select, [role=button]")]
    .map(each => [each, (each.matches("select") && each.closest("label")?.querySelector("span")) || each])
    .map(([each, visible]) => [each.ariaLabel, visible?.innerText])
    .map(texts => texts.map(text => (text ?? "").toLowerCase().replace(/\\s+/g, " ").trim()))
    .filter(([name, text]) => name && /[\\p{L}\\p{N}]/u.test(text) && !name.includes(text))"""
"""Controls whose accessible name does not contain their text, which voice control needs; of a list, that beside it."""
BACKGROUNDS = {"light": "rgb(251, 249, 245)", "dark": "rgb(20, 21, 24)"}


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_accessible_and_fit(visit: Open, names: list[str], path: str) -> None:
    page = visit(path.format(*names), scheme="dark", width=360)
    check_page(page, path, "dark", 360)
    # The layout does not depend on the font.
    for css in ("", *FONTS):
        page.evaluate(ADD_STYLE, css)
        for narrow in NARROW:
            page.set_viewport_size({"width": narrow, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= narrow, (css, narrow)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    page.goto(path.format(*names))
    page.locator("main h1").wait_for()
    check_page(page, path, "light", 1280)


def check_page(page: Page, path: str, scheme: Literal["light", "dark"], width: int) -> None:
    page.wait_for_load_state("networkidle") if path != "/" else page.locator(".card").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUNDS[scheme]
    assert page.locator("h1").count() == 1
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("canvas[role=img]:not([aria-label])").count() == 0
    unnamed = "all => all.filter(each => !each.labels?.length && !each.ariaLabel).map(each => each.outerHTML)"
    assert page.locator("input, select").evaluate_all(unnamed) == []
    nameless = "all => all.filter(each => !(each.ariaLabel ?? each.textContent).trim()).map(each => each.outerHTML)"
    assert page.locator("button:visible, a:visible, [role=img]:visible").evaluate_all(nameless) == []
    assert page.locator("[style*='url']").count() == 0
    assert page.evaluate(MISNAMED) == []
    assert page.evaluate(SHIFTS) < MAX_SHIFT


def test_the_theme_can_be_chosen_and_is_stored(visit: Open) -> None:
    page = visit("/", scheme="light")
    for _ in range(2):
        page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUNDS["dark"]
    page.reload()
    expect(page.locator("#theme")).to_have_attribute("aria-label", "Colors: dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUNDS["dark"]


def test_keyboard_shortcuts_are_listed(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("Previous frame")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_an_unknown_page_is_reported(visit: Open) -> None:
    page = visit("/experiments")
    page.evaluate("history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.locator("main .problem")).to_have_text("There is no such page here.")
