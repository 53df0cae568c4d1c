"""The studio under a path of a host, as behind a proxy: nothing is asked for outside of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

import sfumato as sf
from tests.studio.browser.studio import Studio

AT = "/lab/sfumato"


@pytest.fixture
def there(painted: list[sf.Run]) -> Iterator[Studio]:
    """A studio at such an address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    public = f"http://127.0.0.1:{port}{AT}"
    found = Studio(painted[0].folder.parent, "--public", public, port=port, trains=False)
    assert found.said.startswith(f"{public}/?token=")
    yield found
    found.end()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """One that bears no token yet."""
    found = context.new_page()
    yield found
    found.close()
    context.clear_cookies()


def test_every_page_stays_below_it_and_the_token_can_be_entered(page: Page, there: Studio, names: list[str]) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: said.append(answer.url) if answer.status >= 400 else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    root, token = there.address, there.said.partition("/?token=")[2]
    page.goto(there.said)
    page.locator(".card, .picture").first.wait_for()
    assert page.url == f"{root}/"
    page.locator("a.picture").first.click()
    page.wait_for_url(f"{root}/runs/*")
    page.get_by_role("link", name="Runs").click()
    page.wait_for_url(f"{root}/")
    page.get_by_role("link", name="New run").click()
    page.wait_for_url(f"{root}/new*")
    expect(page.get_by_role("button", name="Start painting")).to_be_enabled()
    page.go_back()
    page.wait_for_url(f"{root}/")
    page.goto(f"{root}/race?runs={names[0]},{names[1]}")
    expect(page.locator(".lane .psnr")).to_contain_text(["dB"] * 2)
    # That the network is asked is enough; what it answers says nothing of where.
    for path, network in (("zoom", "**/tiles/**"), ("layers", "**/layers/*?*")):
        page.route(network, lambda route: route.abort())
        with page.expect_request(network):
            page.goto(f"{root}/runs/{names[0]}/{path}")
        page.locator("main h1").wait_for()
    assert said == []

    page.context.clear_cookies()
    page.goto(f"{root}/new?model.depth=6")
    for entered in ("guess", token):
        page.get_by_label("Token").fill(entered)
        page.get_by_role("button", name="Open").click()
        if entered == "guess":
            expect(page.get_by_role("alert")).to_contain_text("not the token")
    page.locator("main h1").wait_for()
    assert page.url == f"{root}/new?model.depth=6"
    assert [url for url in asked if not url.startswith((f"{root}/", "blob:", "data:"))] == []
