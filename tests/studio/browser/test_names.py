"""Runs of any name on every page: listed, selected, raced, opened, and inspected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import sfumato as sf
from sfumato.studio.web import run_paths
from tests.patience import PATIENCE
from tests.studio import hostile_names
from tests.studio.browser.conftest import listen
from tests.studio.browser.studio import Studio

RACED = ["caf\udce9", "percent%", "a,b", "line\nbreak", "\u202etxt.exe", "hash#tag", "what?", "x" * 255]
OPENED = ["100%25", "\udcff\udcfe", "back\\slash"]


@pytest.fixture
def page(browser: Browser, painted: list[sf.Run], tmp_path: Path, logged: list[str]) -> Iterator[Page]:
    """Open a narrow page of a studio over runs of all those names; fail at the end if anything was logged."""
    runs = tmp_path / "runs"
    runs.mkdir()
    assert set(hostile_names.copies(painted[1].folder, runs)) >= {*RACED, *OPENED}
    studio = Studio(runs)
    found = browser.new_page(base_url=studio.address, viewport={"width": 360, "height": 800})
    found.set_default_timeout(1000 * PATIENCE)
    listen(found, studio, logged)
    yield found
    found.close()
    studio.end()
    assert logged == []


def test_runs_of_any_name_are_listed_raced_and_opened(page: Page) -> None:
    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        expect(page.locator(".problem:visible")).to_have_count(0)

    def card(name: str) -> str:
        return f".card[data-name='{run_paths.encode(name)}']"

    page.goto("/")
    expect(page.locator(".card")).to_have_count(len(hostile_names.NAMES))
    fits()
    for name in RACED:
        page.locator(f"{card(name)} input").check()
    page.get_by_role("button", name="Race").click()
    expect(page.locator(".lane .psnr")).to_contain_text(["dB"] * len(RACED))
    page.reload()
    expect(page.locator(".lane .psnr")).to_contain_text(["dB"] * len(RACED))
    fits()
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator(".lane")).to_have_count(len(RACED) - 1)
    for name in OPENED:
        page.goto("/")
        page.locator(f"{card(name)} a").click()
        expect(page.locator(".facts dd").first).to_have_text(hostile_names.display_name(name))
        fits()
        page.get_by_role("link", name="Infinite zoom").click()
        expect(page.locator(".zoom-foot")).to_contain_text("row")
        page.go_back()
        page.get_by_role("link", name="Inspect layers").click()
        expect(page.locator(".unit canvas").first).to_be_visible()
        fits()
