"""A run that trains: watched, reloaded, watched twice, paused, and after its studio was killed.

The last of these files: the studio begins anew in it, with nothing loaded.
"""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from tests.studio.browser.canvas import colours, shown
from tests.studio.browser.conftest import Open
from tests.studio.browser.studio import Studio
from tests.studio.server import eventually

LONG = "picture.max_side=24&model.width=8&model.depth=2&training.optimizer=adam&budget.seconds=600&threads=1"


def painting(page: Page) -> list[int]:
    return shown(page.locator(".panes canvas").nth(1))


def changes(page: Page) -> bool:
    """Whether the painting changes by itself."""
    page.bring_to_front()
    eventually(lambda: colours(page.locator(".panes canvas").nth(1)) > 8)
    before = painting(page)
    return bool(eventually(lambda: painting(page) != before))


def test_a_run_is_started_watched_twice_and_goes_on_without_its_studio(
    visit: Open, studio: Studio, said: list[str]
) -> None:
    page = visit(f"/new?{LONG}")
    expect(page.locator(".health p")).to_have_text("It will learn.")
    page.get_by_role("button", name="Start painting").click()
    page.wait_for_url("**/runs/*")
    name = page.url.rpartition("/")[2]
    state = page.locator(".run-title .state")
    expect(state).to_have_text("training")
    expect(page.locator(".figures")).to_contain_text(re.compile(r"24 . 16"))
    assert changes(page)
    page.reload()
    assert changes(page)
    second = visit(page.url)
    states = (state, second.locator(".run-title .state"))
    assert changes(second)
    assert changes(page)
    page.get_by_role("button", name="Pause").click()
    for each in states:
        expect(each).to_have_text("paused")
    second.bring_to_front()
    second.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("training")
    page.bring_to_front()
    page.get_by_role("button", name="Stop").click()
    for each in states:
        expect(each).to_have_text("stopped")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("training")
    assert said == []

    studio.end()
    for each in (page, second):
        expect(each.locator("#away")).to_contain_text("The studio does not answer")
    studio.start()
    for each in (page, second):
        expect(each.locator("#away")).to_be_empty()
    expect(state).to_have_text("training")
    assert changes(page)
    # Its token is another; the page asks for it and stops the run all the same.
    page.get_by_role("button", name="Stop").click()
    for each in states:
        expect(each).to_have_text("stopped")
    assert json.loads((studio.runs / name / "run.json").read_text())["status"] == "stopped"
    # A browser says on its console that a server is away, and that an old token was refused.
    away = re.compile(r"net::ERR_|with a status of 403")
    assert [each for each in said if not away.search(each)] == []
    said.clear()
