"""Buttons show that they are busy, ignore further presses until the response, and error messages stay."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Route, expect

from tests.studio.browser.conftest import Open
from tests.studio.browser.test_form import SMALL

FORM = f"/new?{SMALL}"
ARMS = f"/new?{SMALL}&arm=budget.seconds%3D2&arm=budget.seconds%3D3"
PRESSED = """button => {
    button.click();
    const shown = [button.disabled, button.textContent];
    button.click();
    button.form?.requestSubmit();
    return shown;
}"""
"""Press three times at once; return how the button looks after the first."""


def holding(page: Page, address: str) -> list[Route]:
    """Collect the POST requests to a URL, without a response."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    return held


def as_running(page: Page, name: str) -> None:
    """Let the page take a run for one that trains, without further events."""

    def answer(route: Route) -> None:
        about = route.fetch().json()
        now = {"state": "running", "running_psnr": 12.345}
        about |= {"state": "running", "psnr": None, "now": now}
        route.fulfill(json=about)

    page.route(f"**/api/runs/{name}", answer)
    page.route(f"**/api/runs/{name}/events", lambda route: route.fulfill(content_type="text/event-stream", body="\n"))


@pytest.mark.parametrize(
    ("path", "press", "busy", "address"),
    [
        (FORM, "Start painting", "Starting …", "**/api/runs"),
        (ARMS, "Start the race", "Starting …", "**/api/race"),
        ("/runs/{0}", "Pause", "Pausing …", "**/api/runs/*/pause"),
    ],
)
def test_a_button_starts_one_action(
    visit: Open, names: list[str], logged: list[str], path: str, press: str, busy: str, address: str
) -> None:
    page = visit("/experiments")
    as_running(page, names[0])
    page.goto(path.format(*names))
    held = holding(page, address)
    button = page.get_by_role("button", name=press)
    expect(button).to_be_enabled()
    button.evaluate("each => { window.pressed = each; }")
    assert button.evaluate(PRESSED) == [True, busy]
    if path.startswith("/new"):
        # Other responses arrive, and the button waits for its own.
        with page.expect_response("**/api/describe"):
            page.get_by_label("Depth", exact=True).fill("3")
        expect(page.locator(".preview .figures")).to_contain_text("643")
    assert page.evaluate("pressed.disabled")
    assert len(held) == 1
    held[0].fulfill(status=409, json={"problem": "The disk is full.", "field": None})
    expect(page.get_by_text("The disk is full.")).to_be_visible()
    expect(page.get_by_role("button", name=press)).to_be_enabled()
    if path.startswith("/new"):
        # A successful response to another request does not remove the message.
        with page.expect_response("**/api/describe"):
            page.get_by_label("Depth", exact=True).fill("2")
        expect(page.get_by_text("The disk is full.")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("The disk is full.")).to_have_count(0)
    assert len(held) == 1
    assert [each for each in logged if "status of 409" not in each] == []
    logged.clear()


def test_the_reason_why_a_run_was_not_deleted_stays(visit: Open, names: list[str]) -> None:
    page = visit("/")
    held = holding(page, "**/api/runs/delete")
    page.get_by_label(f"Select {names[0]}").check()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Deleting")).to_be_disabled()
    assert json.loads(held[0].request.post_data or "") == {"names": [names[0]]}
    refused = {"name": names[0], "shown": names[0], "problem": "it is being trained."}
    with page.expect_response("**/api/runs?*"):
        held[0].fulfill(json={"deleted": [], "refused": [refused]})
    reason = page.get_by_text("it is being trained.")
    expect(reason).to_be_visible()
    # The list is reloaded, periodically and for the filter.
    page.get_by_label("Filter runs by words").fill(names[1])
    expect(page.locator(".card")).to_have_count(1)
    expect(reason).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(reason).to_have_count(0)


def test_a_live_run_has_its_running_psnr(visit: Open, names: list[str]) -> None:
    page = visit("/experiments")
    as_running(page, names[0])
    page.goto(f"/runs/{names[0]}")
    expect(page.locator(".figures")).to_contain_text("Running PSNR12.35 dB")
    expect(page.locator(".figures dd").first).not_to_contain_text("dB")
