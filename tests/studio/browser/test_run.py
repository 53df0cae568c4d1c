"""The page of a run: scrubbing, zoom, recipe; live, reloaded, watched twice, and after the server was killed."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.patience import PATIENCE
from tests.studio.browser.canvas import colors, data_url
from tests.studio.browser.conftest import Open, is_ours, listen
from tests.studio.browser.studio import Studio
from tests.studio.server import eventually

LONG = "/new?picture.max_side=48&model.width=16&model.depth=2&training.optimizer=adam&budget.seconds=600"


def painting(page: Page) -> str:
    return data_url(page.locator(".panes canvas").nth(1))


def test_scrubbing_shows_other_paintings(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}")
    eventually(lambda: colors(page.locator(".panes canvas").nth(2)) > 8)
    last = painting(page)
    label = page.locator(".timeline output")
    expect(label).to_contain_text("epoch 4.00")
    page.keyboard.press("Home")
    expect(label).to_contain_text("epoch 0.00")
    first = eventually(lambda: (now := painting(page)) != last and now)
    page.keyboard.press("ArrowRight")
    eventually(lambda: painting(page) not in (first, last))
    page.keyboard.press("End")
    eventually(lambda: painting(page) == last)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Hold")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_panes_zoom_together_and_show_values(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}")
    panes = page.locator(".panes canvas")
    eventually(lambda: colors(panes.nth(2)) > 8)
    before = [data_url(panes.nth(at)) for at in range(3)]
    panes.nth(0).hover(position={"x": 5, "y": 5})
    expect(page.locator(".readout")).to_contain_text(re.compile(r"row 0, column 0.*target 0 0 0.*error"))
    for _ in range(3):
        page.keyboard.press("+")
    # The pixel under the pointer stays; when the picture is panned, the new one there is shown.
    expect(page.locator(".readout")).to_contain_text("row 0, column 0")
    panes.nth(1).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".readout")).to_contain_text(re.compile(r"row 0, column [1-9]"))
    page.mouse.move(0, 0)
    eventually(lambda: all(data_url(panes.nth(at)) != before[at] for at in range(3)))
    page.keyboard.press("0")
    eventually(lambda: all(data_url(panes.nth(at)) == before[at] for at in range(3)))


def test_curves_have_the_chosen_axis(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}")
    expect(page.locator(".plot .xtitle").first).to_have_text("epochs")
    assert page.locator(".plot .js-line").count() >= 2
    page.locator(".part label", has_text="Operations").click()
    expect(page.locator(".plot .xtitle").first).to_have_text("floating-point operations")


def test_the_recipe_can_be_changed_and_painted_again(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[1]}")
    expect(page.locator(".texts pre").first).to_contain_text("sf2:")
    page.get_by_role("link", name="Paint again with changes").click()
    page.wait_for_url("**/new?**")
    expect(page.get_by_label("Depth", exact=True)).to_have_value("2")


@pytest.fixture
def live(visit: Open) -> Page:
    """Open the page of a run that would train for ten minutes."""
    page = visit(LONG)
    page.get_by_role("button", name="Start painting").click()
    page.wait_for_url("**/runs/*")
    expect(page.locator(".run-title .state")).to_have_text("training")
    return page


def changes(page: Page) -> bool:
    """Return whether the painting changes without interaction."""
    eventually(lambda: colors(page.locator(".panes canvas").nth(1)) > 8)
    before = painting(page)
    return bool(eventually(lambda: painting(page) != before))


def test_a_live_run_outlives_reloads_and_is_watched_twice(live: Page, visit: Open, studio: Studio) -> None:
    assert changes(live)
    live.reload()
    assert changes(live)
    second = visit(live.url)
    assert changes(second)
    assert changes(live)
    live.get_by_role("button", name="Pause").click()
    for page in (live, second):
        expect(page.locator(".run-title .state")).to_have_text("paused")
    second.get_by_role("button", name="Resume").click()
    expect(live.locator(".run-title .state")).to_have_text("training")
    live.get_by_role("button", name="Stop").click()
    for page in (live, second):
        expect(page.locator(".run-title .state")).to_have_text("stopped")
    live.get_by_role("button", name="Resume").click()
    expect(live.locator(".run-title .state")).to_have_text("training")
    studio.settle()


def test_a_run_goes_on_when_the_server_is_killed(browser: Browser, studio: Studio, names: list[str]) -> None:
    """Allow only the browser's messages about the unreachable server."""
    logged: list[str] = []
    mortal = Studio(studio.runs)
    page = browser.new_page(base_url=mortal.address)
    page.set_default_timeout(1000 * PATIENCE)
    listen(page, mortal, logged)
    page.goto(LONG)
    page.get_by_role("button", name="Start painting").click()
    page.wait_for_url("**/runs/*")
    name = page.url.rpartition("/")[2]
    assert changes(page)
    mortal.end()
    expect(page.locator("#away")).to_contain_text("The studio does not respond")
    again = Studio(studio.runs, mortal.port)
    try:
        expect(page.locator("#away")).to_be_empty()
        expect(page.locator(".run-title .state")).to_have_text("training")
        assert changes(page)
        # It has another token; the page fetches it, and stops the run all the same.
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".run-title .state")).to_have_text("stopped")
        assert json.loads((studio.runs / name / "run.json").read_text())["status"] == "stopped"
        assert is_ours(page.url, again)
    finally:
        page.close()
        again.end()
    # All but the first: the server was killed within a response, or while the browser connected.
    away = (
        "net::ERR_CONNECTION_REFUSED",
        "net::ERR_CONNECTION_RESET",
        "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
        "net::ERR_CONTENT_LENGTH_MISMATCH",
        "net::ERR_SOCKET_NOT_CONNECTED",
    )
    refused = "the server responded with a status of 403"
    assert [each for each in logged if not any(word in each for word in (*away, refused))] == []
