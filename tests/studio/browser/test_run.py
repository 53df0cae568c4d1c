"""The page of a run that is over: scrubbed, zoomed, copied from."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.studio.browser.canvas import colours, shown
from tests.studio.browser.conftest import Open
from tests.studio.server import eventually


def painting(page: Page) -> list[int]:
    return shown(page.locator(".panes canvas").nth(1))


def test_panes_are_scrubbed_and_zoomed_together_and_tell_values(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}")
    eventually(lambda: colours(page.locator(".panes canvas").nth(2)) > 8)
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
    page.keyboard.press("End")
    eventually(lambda: painting(page) == last)

    panes = page.locator(".panes canvas")
    before = [shown(panes.nth(at)) for at in range(3)]
    panes.nth(0).hover(position={"x": 5, "y": 5})
    expect(page.locator(".readout")).to_contain_text(re.compile(r"row 0, column 0.*target 0 0 0.*off by"))
    for _ in range(3):
        page.keyboard.press("+")
    # The pixel under the pointer stays there; when the picture is moved, the one that comes there is told of.
    expect(page.locator(".readout")).to_contain_text("row 0, column 0")
    panes.nth(1).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".readout")).to_contain_text(re.compile(r"row 0, column [1-9]"))
    page.mouse.move(0, 0)
    eventually(lambda: all(shown(panes.nth(at)) != before[at] for at in range(3)))
    page.keyboard.press("0")
    eventually(lambda: all(shown(panes.nth(at)) == before[at] for at in range(3)))


def test_curves_follow_what_is_chosen_and_the_recipe_can_be_painted_again(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[1]}")
    expect(page.locator(".plot .xtitle").first).to_have_text("epochs")
    assert page.locator(".plot .js-line").count() >= 2
    page.locator(".part label", has_text="Operations").click()
    expect(page.locator(".plot .xtitle").first).to_have_text("floating-point operations")
    expect(page.locator(".texts pre").first).to_contain_text("sf1:")
    page.get_by_role("link", name="Paint again with changes").click()
    page.wait_for_url("**/new?**")
    expect(page.get_by_label("Depth", exact=True)).to_have_value("2")
