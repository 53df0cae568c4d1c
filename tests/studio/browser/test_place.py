"""The studio under a path prefix, as behind a proxy: no request goes outside of it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

import sfumato as sf
from tests.patience import PATIENCE

PREFIX = "/lab/sfumato"


@pytest.fixture(scope="module")
def address(painted: list[sf.Run]) -> Iterator[str]:
    """Return the URL of a studio under a prefix, with its token."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    runs = painted[0].folder.parent
    public = f"http://127.0.0.1:{port}{PREFIX}"
    command = [sys.executable, "-m", "sfumato", "studio", "--port", str(port), "--public", public, "--runs", runs.name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=runs.parent)
    try:
        assert process.stdout is not None
        match = re.search(r"http://\S+", process.stdout.readline())
        assert match is not None
        assert match[0].startswith(f"{public}/?token=")
        yield match[0]
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    found = context.new_page()
    found.set_default_timeout(1000 * PATIENCE)
    yield found
    context.close()


def test_every_page_stays_under_the_prefix(page: Page, address: str, names: list[str]) -> None:
    requested: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("response", lambda response: errors.append(response.url) if response.status >= 400 else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    root = address.partition("/?")[0]
    page.goto(address)
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
    for path in (f"/runs/{names[0]}/zoom", f"/runs/{names[0]}/layers", f"/race?runs={names[0]},{names[1]}"):
        page.goto(f"{root}{path}")
        page.locator("main h1").wait_for()
    page.wait_for_load_state("networkidle")
    assert [url for url in requested if not url.startswith((f"{root}/", "blob:", "data:"))] == []
    assert errors == []


def test_the_token_can_be_entered(page: Page, address: str) -> None:
    root, _, query = address.partition("/?token=")
    page.goto(f"{root}/new?model.depth=6")
    page.get_by_label("Token").fill("guess")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("not the token")
    page.get_by_label("Token").fill(query)
    page.get_by_role("button", name="Open").click()
    page.locator("main h1").wait_for()
    assert page.url == f"{root}/new?model.depth=6"
