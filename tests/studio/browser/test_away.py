"""Slow links and a studio that is away: a page that is left shows no error, and one that waits says so and goes on."""

from __future__ import annotations

import re

from playwright.sync_api import CDPSession, Page, expect

from tests.studio.browser.conftest import Open
from tests.studio.browser.test_pages import PAGES

SLOW = 15_000
"""Bytes a second."""
OFFLINE = re.compile("ERR_INTERNET_DISCONNECTED")


def link(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    return session


def emulate(session: CDPSession, *, offline: bool = False, rate: int = -1) -> None:
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": rate, "uploadThroughput": rate}
    session.send("Network.emulateNetworkConditions", conditions)


def go(page: Page, path: str) -> None:
    """As a link does."""
    page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)


def test_pages_that_are_left_say_nothing(visit: Open, names: list[str]) -> None:
    page = visit("/")
    session = link(page)
    emulate(session, rate=SLOW)
    # In the middle of their programs, of their first answers, of their pictures.
    for wait in (30, 200, 600):
        for path in PAGES:
            go(page, path.format(*names))
            page.wait_for_timeout(wait)
            assert page.locator(".problem:visible, #away:visible").all_inner_texts() == []
    emulate(session)
    go(page, "/experiments")
    expect(page.locator("h1")).to_contain_text("xperiments")


def test_a_studio_that_is_away_is_said_once_and_waited_for(visit: Open, names: list[str], said: list[str]) -> None:
    page = visit("/experiments")
    session = link(page)
    away = page.locator("#away")
    for path in PAGES:
        emulate(session)
        go(page, path.format(*names))
        page.locator("main h1").wait_for()
        emulate(session, offline=True)
        # To a page whose program may not have been loaded yet.
        go(page, "/new" if path != "/new" else f"/runs/{names[0]}")
        expect(away).to_contain_text("The studio does not answer")
        expect(page.locator("main .problem:visible")).to_have_count(0)
        emulate(session)
        expect(away).to_be_empty()
        expect(page.locator("main h1")).to_have_text("New run" if path != "/new" else "array")
    # A browser says on its console what it could not load.
    assert [each for each in said if not OFFLINE.search(each)] == []
    said.clear()


def test_what_is_asked_for_comes_when_the_studio_is_back(visit: Open, said: list[str]) -> None:
    page = visit("/new")
    figures = page.locator(".outlook .figures")
    expect(figures).to_contain_text("272,703")
    session = link(page)
    emulate(session, offline=True)
    page.get_by_label("Depth", exact=True).fill("6")
    page.get_by_role("button", name="Start painting").click()
    # Nobody knows whether it began: that is said, and not tried again.
    expect(page.locator(".start .problem")).to_contain_text("it may or may not have done this")
    emulate(session)
    expect(figures).to_contain_text("453,303")
    expect(page.locator(".start .problem")).to_have_count(1)
    expect(page).to_have_url(re.compile("/new"))
    assert [each for each in said if not OFFLINE.search(each)] == []
    said.clear()
