"""A race: runs aligned by epochs, seconds, or operations."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.studio.browser.canvas import colors, data_url
from tests.studio.browser.conftest import Open
from tests.studio.server import eventually


def test_two_runs_are_aligned(visit: Open, names: list[str]) -> None:
    page = visit("/")
    for name in names:
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("region", name="Selected runs").get_by_role("button", name="Race").click()
    page.wait_for_url("**/race?runs=*")
    paintings = page.locator(".lane canvas:first-child")
    errors = page.locator(".lane canvas:last-child")
    expect(paintings).to_have_count(2)
    for at in range(2):
        eventually(lambda at=at: colors(paintings.nth(at)) > 8 and colors(errors.nth(at)) > 8)
    last = [data_url(paintings.nth(at)) for at in range(2)]
    page.keyboard.press("Home")
    eventually(lambda: all(data_url(paintings.nth(at)) != last[at] for at in range(2)))
    for each in page.locator(".lane .foot").all():
        expect(each).to_contain_text("epoch 0.00")
    page.keyboard.press("End")
    eventually(lambda: [data_url(paintings.nth(at)) for at in range(2)] == last)
    expect(page.locator(".plot .legend text")).to_have_count(2)
    # A curve is named by the differences that only its run has.
    expect(page.locator(".plot .legend")).to_contain_text("1. depth 3")
    expect(page.locator(".plot .legend")).not_to_contain_text("width")
    page.locator(".race-head label", has_text="Operations").click()
    page.wait_for_url("**by=operations*")
    expect(page.locator(".race-bar output")).to_contain_text("FLOP")
    page.locator(".race-head label", has_text="Errors").click()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Hold")).to_be_visible()
    expect(paintings.first).to_be_hidden()
    expect(errors.first).to_be_visible()


def test_a_deleted_run_is_reported_in_its_lane(visit: Open, names: list[str], logged: list[str]) -> None:
    page = visit(f"/race?runs={names[0]},gone")
    eventually(lambda: colors(page.locator(".lane canvas:first-child").first) > 8)
    expect(page.locator(".lane .problem").last).to_have_text("There is no run of that name.")
    # A browser logs responses with status 404.
    assert [each for each in logged if "status of 404" not in each] == []
    logged.clear()
