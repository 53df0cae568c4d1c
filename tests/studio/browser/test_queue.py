"""Runs that wait: each page says how many are before its run, and any of them can be cancelled."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.studio.browser.conftest import Open

LONG = {"picture.max_side": "8", "model.width": "4", "model.depth": "1", "budget.seconds": "600"}
"""With all cores, as runs are by default."""
POST = """async ([path, body]) => {
    const { post } = await import("/assets/core/api.js");
    return (await post(path, body)).name;
}"""


def test_a_run_waits_for_its_turn_and_can_be_cancelled(visit: Open, said: list[str]) -> None:
    page = visit("/")
    first, second, third = (page.evaluate(POST, ["/api/runs", {"changes": LONG}]) for _ in range(3))
    for text in ("training", "waiting, next to begin", "waiting, 1 before yours"):
        expect(page.locator(".card").get_by_text(text, exact=True)).to_be_visible()
    last = visit(f"/runs/{third}")
    waits = last.locator(".run-title .state")
    expect(waits).to_have_text("waiting, 1 before yours")
    page.bring_to_front()
    page.goto(f"/runs/{second}")
    expect(page.locator(".run-title .state")).to_have_text("waiting, next to begin")
    expect(page.locator(".stage")).to_contain_text("as soon as there is a core")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/")
    expect(waits).to_have_text("waiting, next to begin")
    page.evaluate(POST, [f"/api/runs/{first}/stop", {}])
    expect(waits).to_have_text("training")
    last.bring_to_front()
    last.get_by_role("button", name="Stop").click()
    expect(waits).to_have_text("stopped")
    # The page of a run that is cancelled may just have asked for more of it.
    assert [each for each in said if "status of 404" not in each] == []
    said.clear()
