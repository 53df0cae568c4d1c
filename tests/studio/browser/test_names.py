"""Runs of any name on every page: listed, marked, raced, opened, looked into."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

import sfumato as sf
from sfumato.studio.web import names
from tests.studio import hostile_names
from tests.studio.browser.studio import Studio

RACED = ["caf\udce9", "percent%", "a,b", "line\nbreak", "\u202etxt.exe", "hash#tag", "what?", "x" * 255]
OPENED = {
    "100%25": ("Zoom without end", ".zoom-foot span:has-text('row')"),
    "\udcff\udcfe": ("Look inside", ".unit canvas"),
    "back\\slash": ("Zoom without end", ".zoom-foot span:has-text('row')"),
}
"""And what is looked into from their pages, with what shows there."""


@pytest.fixture
def page(other: tuple[Studio, Page], painted: list[sf.Run]) -> Page:
    """A narrow page of a studio over runs of all those names."""
    studio, found = other
    assert set(hostile_names.copies(painted[1].folder, studio.runs)) >= {*RACED, *OPENED}
    found.set_viewport_size({"width": 360, "height": 800})
    found.goto(studio.address)
    return found


def test_runs_of_any_name_are_listed_raced_and_opened(page: Page) -> None:
    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        expect(page.locator(".problem:visible")).to_have_count(0)

    def card(name: str) -> str:
        return f".card[data-name='{names.encoded(name)}']"

    expect(page.locator(".card")).to_have_count(len(hostile_names.NAMES))
    fits()
    for name in RACED:
        page.locator(f"{card(name)} input").check()
    page.get_by_role("button", name="Race").click()
    expect(page.locator(".lane .psnr")).to_contain_text(["dB"] * len(RACED))
    page.reload()
    expect(page.locator(".lane .psnr")).to_contain_text(["dB"] * len(RACED))
    fits()
    page.get_by_role("button", name="Leave").first.click()
    expect(page.locator(".lane")).to_have_count(len(RACED) - 1)
    for name, (link, inside) in OPENED.items():
        page.get_by_role("link", name="Runs", exact=True).click()
        page.locator(f"{card(name)} a").click()
        expect(page.locator(".facts dd").first).to_have_text(hostile_names.shown(name))
        fits()
        page.get_by_role("link", name=link).click()
        expect(page.locator(inside).first).to_be_visible()
        fits()
