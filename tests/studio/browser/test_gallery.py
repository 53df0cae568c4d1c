"""The gallery: filter, sort, selection, deletion, pages, and an empty folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.patience import PATIENCE
from tests.studio.browser.conftest import Open, listen
from tests.studio.browser.studio import Studio
from tests.studio.server import eventually


def test_words_and_order_are_in_the_address(visit: Open, names: list[str]) -> None:
    page = visit("/")
    page.get_by_label("Filter runs by words").fill(names[1])
    page.wait_for_url(f"**/?words={names[1]}")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card .recipe")).to_contain_text("depth 2")
    page.keyboard.press("Escape")
    expect(page.locator(".card")).not_to_have_count(1)
    page.get_by_label("PSNR").check(force=True)
    page.wait_for_url("**/?sort=psnr")

    def sorted_by_psnr() -> bool:
        # The previous cards stay until the others have been loaded.
        texts = page.locator(".card .psnr").all_inner_texts()
        values = [float(text.split()[0]) for text in texts if text]
        return len(values) > 1 and values == sorted(values, reverse=True)

    eventually(sorted_by_psnr)


def test_a_long_first_read_is_reported(visit: Open) -> None:
    page, held = visit("/experiments"), list[Route]()
    page.route("**/api/runs?*", lambda route: held.append(route))
    page.keyboard.press("g")
    expect(page.get_by_text("Reading the runs…")).to_be_visible()
    held[0].continue_()
    page.locator(".card").first.wait_for()
    expect(page.get_by_text("Reading the runs…")).to_have_count(0)


def test_arrow_keys_move_the_focus_and_enter_opens(visit: Open, names: list[str]) -> None:
    page = visit("/")
    page.locator(".card").first.wait_for()
    page.keyboard.press("ArrowRight")
    first = page.evaluate("document.activeElement.closest('li').dataset.name")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.closest('li').dataset.name")
    assert first != second
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{second}")


def test_runs_are_deleted_only_when_that_is_confirmed(visit: Open, studio: Studio, names: list[str]) -> None:
    copies = [f"{names[0]}-copy{number}" for number in (1, 2)]
    for copy in copies:
        shutil.copytree(studio.runs / names[0], studio.runs / copy)
    page = visit("/?words=copy")
    for copy in copies:
        page.get_by_label(f"Select {copy}").check()
    bar = page.get_by_role("region", name="Selected runs")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    assert (studio.runs / copies[0]).is_dir()
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".card")).to_have_count(0)
    assert not any((studio.runs / copy).exists() for copy in copies)
    assert (studio.runs / names[0]).is_dir()


@pytest.fixture
def many(tmp_path: Path, studio: Studio, names: list[str]) -> Studio:
    """Serve a studio over 150 runs."""
    runs = tmp_path / "runs"
    for number in range(150):
        folder = runs / f"20260101-0000{number:02d}-picture-{number:08x}"
        folder.mkdir(parents=True)
        for name in ("run.json", "painting.png"):
            shutil.copy(studio.runs / names[0] / name, folder)
    return Studio(runs)


def test_many_runs_come_in_pages(browser: Browser, many: Studio, logged: list[str]) -> None:
    page = browser.new_page(base_url=many.address)
    page.set_default_timeout(1000 * PATIENCE)
    try:
        listen(page, many, logged)
        page.goto("/")
        expect(page.locator(".card")).to_have_count(60)
        page.get_by_role("button", name="Next").click()
        page.wait_for_url("**/?page=2")
        expect(page.locator(".pages")).to_contain_text(re.compile("61.120 of 150"))
        page.get_by_role("button", name="Last").click()
        expect(page.locator(".card")).to_have_count(30)
    finally:
        page.close()
        many.end()
    assert logged == []


def test_an_empty_gallery_says_what_to_do(browser: Browser, tmp_path: Path, logged: list[str]) -> None:
    (tmp_path / "runs").mkdir()
    empty = Studio(tmp_path / "runs")
    page = browser.new_page(base_url=empty.address)
    page.set_default_timeout(1000 * PATIENCE)
    try:
        listen(page, empty, logged)
        page.goto("/")
        expect(page.locator("h2")).to_have_text("Nothing painted yet")
        page.get_by_role("link", name="Start a first run").click()
        expect(page).to_have_url(re.compile("/new"))
    finally:
        page.close()
        empty.end()
    assert logged == []
