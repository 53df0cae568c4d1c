"""The page in a real browser, offline: an empty console, and every control does what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

from sfumato.lab import report
from tests.lab.report import stub
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "e"
    report.write(stub.experiment(path, ("a", "b", f"c{stub.HOSTILE}"), tune=True))
    return path


@pytest.fixture(scope="module")
def shared_page(browser: Browser) -> Iterator[Page]:
    """Return one page for all tests: one per test would take longer than the tests."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    yield page
    context.close()


@pytest.fixture
def messages(shared_page: Page) -> Iterator[list[str]]:
    """Collect the page's console messages and network requests; at the end there must be none."""
    found: list[str] = []

    def console(message: ConsoleMessage) -> None:
        found.append(message.text)

    def error(raised: Error) -> None:
        found.append(str(raised))

    def request(sent: Request) -> None:
        if sent.url.startswith("http"):
            found.append(sent.url)

    shared_page.on("console", console)
    shared_page.on("pageerror", error)
    shared_page.on("request", request)
    yield found
    shared_page.remove_listener("console", console)
    shared_page.remove_listener("pageerror", error)
    shared_page.remove_listener("request", request)
    assert found == []


@pytest.fixture
def opened(shared_page: Page, folder: Path, messages: list[str]) -> Open:
    """Open the report."""

    def open_it(scheme: Literal["light", "dark"] = "light", width: int = 1280) -> Page:
        shared_page.set_viewport_size({"width": width, "height": 800})
        shared_page.emulate_media(color_scheme=scheme)
        shared_page.goto((folder / report.PAGE).as_uri())
        shared_page.wait_for_selector("#chart polyline")
        return shared_page

    return open_it


SPACE_AFTER_300 = """() => new Promise(done => {
    const player = document.querySelector(".player"), moment = document.querySelector("#moment");
    const check = () => {
        if (Number(moment.value) <= 300) return requestAnimationFrame(check);
        player.dispatchEvent(new KeyboardEvent("keydown", {key: " "}));
        done();
    };
    check();
})"""
"""Key press within the page: from outside, a busy machine would press the key after the end of the film."""


def sources(page: Page) -> list[str]:
    return page.locator(".tile img").evaluate_all("all => all.map(each => each.hidden ? '' : each.src)")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_it_opens_offline_without_console_messages(opened: Open, scheme: Literal["light", "dark"], width: int) -> None:
    page = opened(scheme, width)
    assert page.locator("h1").inner_text() == "All 2 others beat a"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 21, 24)"
    assert dark == (scheme == "dark")
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("img").evaluate_all("all => all.every(each => !each.src || each.naturalWidth > 0)")
    page.locator(".picture").first.click()
    assert page.locator("#large").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#large").is_visible()


def test_one_slider_moves_all_arms(opened: Open) -> None:
    page = opened()
    last = sources(page)
    assert len(last) == 3
    assert all(last)
    page.locator(".player").focus()
    page.keyboard.press("Home")
    assert sources(page) == ["", "", ""]
    page.keyboard.press("ArrowRight")
    first = sources(page)
    assert all(source and source != other for source, other in zip(first, last, strict=True))
    page.locator("#play").click()
    page.evaluate(SPACE_AFTER_300)
    assert 300 < int(page.locator("#moment").input_value()) < 1000
    assert all(source and source != other for source, other in zip(sources(page), first, strict=True))
    assert page.locator("#play").inner_text() == "Play"
    page.keyboard.press("End")
    assert sources(page) == last


def test_another_axis_changes_film_and_chart(opened: Open) -> None:
    page = opened()
    before = page.locator("#chart polyline").evaluate_all("all => all.map(each => each.getAttribute('points'))")
    page.locator("#curves .axis label", has_text="GFLOP").click()
    after = page.locator("#chart polyline").evaluate_all("all => all.map(each => each.getAttribute('points'))")
    # The costs of the arms differ, so on the axis of operations their lines end at different points.
    assert before != after
    assert page.locator("#chart .axis-name").text_content() == "GFLOP"
    assert page.locator("#film input[value=gflop]").is_checked()
    assert "GFLOP" in page.locator("#now").inner_text()
    page.locator(".legend button").first.click()
    assert page.locator("#chart polyline.faded").count() == 2
    assert page.locator("#chart .band").count() == 1
