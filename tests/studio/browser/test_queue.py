"""Queued runs: each page shows how many are ahead of its run, and each can be canceled."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.studio.browser.conftest import Open

LONG = "picture.max_side=24&model.width=8&model.depth=1&budget.seconds=600"
"""A run with all cores, which is the default."""


def test_a_run_waits_for_its_turn_and_can_be_canceled(visit: Open) -> None:
    requested: list[str] = []

    def started() -> Page:
        page = visit(f"/new?{LONG}")
        page.clock.install()
        page.get_by_role("button", name="Start painting").click()
        page.wait_for_url("**/runs/*")
        return page

    first = started()
    state = first.locator(".run-title .state")
    expect(state).to_have_text("training")
    second = started()
    waits = second.locator(".run-title .state")
    expect(waits).to_have_text("waiting, next to start")
    expect(second.locator(".stage")).to_contain_text("as soon as there is a free core")
    second.on("request", lambda request: requested.append(request.url))
    # It has no curves yet: a request for them while it is canceled would log an error.
    second.clock.fast_forward(10_000)
    third = started()
    expect(third.locator(".run-title .state")).to_have_text("waiting, 1 ahead")
    gallery = visit("/")
    expect(gallery.get_by_text("waiting, 1 ahead")).to_be_visible()
    second.get_by_role("button", name="Cancel").click()
    second.wait_for_url("**/")
    assert [url for url in requested if url.endswith("/metrics")] == []
    expect(third.locator(".run-title .state")).to_have_text("waiting, next to start")
    first.get_by_role("button", name="Stop").click()
    expect(state).to_have_text("stopped")
    expect(third.locator(".run-title .state")).to_have_text("training")
    third.get_by_role("button", name="Stop").click()
    expect(third.locator(".run-title .state")).to_have_text("stopped")
