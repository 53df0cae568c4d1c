"""Slow connections and an unreachable studio: aborted requests show no error, and others are retried."""

from __future__ import annotations

import re

from playwright.sync_api import CDPSession, Page, expect

from tests.studio.browser.conftest import Open
from tests.studio.browser.test_pages import PAGES

DELAY = 500
"""Delay of a response's body in ms."""
SLOW_BODIES = f"""() => {{
    window.messages = [];
    new MutationObserver(() => {{
        const logged = document.querySelectorAll(".problem:not(:empty), #away:not(:empty)");
        for (const each of logged) messages.push(each.textContent);
    }}).observe(document.body, {{ childList: true, subtree: true, characterData: true }});
    for (const name of ["json", "text", "blob"]) {{
        const read = Response.prototype[name];
        Response.prototype[name] = async function () {{
            await new Promise((come) => setTimeout(come, {DELAY}));
            return read.call(this);
        }};
    }}
}}"""
OFFLINE = re.compile("ERR_INTERNET_DISCONNECTED")


def link(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    return session


def emulate(session: CDPSession, *, offline: bool) -> None:
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def go(page: Page, path: str) -> None:
    """Go to a page as a link does."""
    page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)


def test_aborted_requests_show_no_error(visit: Open, names: list[str]) -> None:
    """Leave a page, or send another request, during a response, as is usual on a slow connection."""
    page = visit("/")
    page.evaluate(SLOW_BODIES)
    for path in (*PAGES, "/", "/new"):
        go(page, path.format(*names))
        page.wait_for_timeout(150)
    for path, field, typed in (("/", "Filter runs by words", "array"), ("/new", "Width", "3456")):
        go(page, path)
        control = page.get_by_label(field, exact=True)
        control.fill("")
        control.press_sequentially(typed, delay=250)
        page.wait_for_timeout(DELAY)
    assert page.evaluate("messages") == []


def test_an_unreachable_studio_is_reported_once_and_waited_for(
    visit: Open, names: list[str], logged: list[str]
) -> None:
    page = visit("/experiments")
    session = link(page)
    away = page.locator("#away")
    for path in PAGES:
        emulate(session, offline=False)
        go(page, path.format(*names))
        page.locator("main h1").wait_for()
        emulate(session, offline=True)
        # Go to a page whose module may not have been loaded yet.
        go(page, "/new" if path != "/new" else f"/runs/{names[0]}")
        expect(away).to_contain_text("The studio does not respond")
        expect(page.locator("main .problem:visible")).to_have_count(0)
        emulate(session, offline=False)
        expect(away).to_be_empty()
        expect(page.locator("main h1")).to_have_text("New run" if path != "/new" else "array")
    # A browser logs what it could not load.
    assert [each for each in logged if not OFFLINE.search(each)] == []
    logged.clear()


def test_requests_are_retried_when_the_studio_is_back(visit: Open, logged: list[str]) -> None:
    page = visit("/new")
    figures = page.locator(".preview .figures")
    expect(figures).to_contain_text("272,703")
    session = link(page)
    emulate(session, offline=True)
    page.get_by_label("Depth", exact=True).fill("6")
    page.get_by_role("button", name="Start painting").click()
    # Whether the run started is unknown: the page says so, and does not retry.
    expect(page.locator(".start .problem")).to_contain_text("may or may not have been done")
    emulate(session, offline=False)
    expect(figures).to_contain_text("453,303")
    expect(page.locator(".start .problem")).to_have_count(1)
    expect(page).to_have_url(re.compile("/new"))
    assert [each for each in logged if not OFFLINE.search(each)] == []
    logged.clear()
