"""The inspector: the units of layers, one unit enlarged, and the zoom beyond the picture's border."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.studio.browser.canvas import colors, data_url
from tests.studio.browser.conftest import Open
from tests.studio.server import eventually


def test_units_of_a_layer_are_pictures(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}/layers")
    units = page.locator(".unit")
    expect(units).to_have_count(24)
    eventually(lambda: colors(units.first.locator("canvas")) > 4)
    last = data_url(units.first.locator("canvas"))
    page.keyboard.press("Home")
    eventually(lambda: data_url(units.first.locator("canvas")) != last)
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**/layers?layer=2")
    expect(page.get_by_role("radio", name="Layer 2")).to_be_checked()
    expect(page.locator(".histograms section")).to_have_count(4)
    expect(page.locator(".plot .legend text")).to_have_count(4)


def test_a_unit_is_enlarged_with_its_inputs_and_outputs(visit: Open, names: list[str]) -> None:
    page = visit(f"/runs/{names[0]}/layers?layer=2")
    page.locator(".unit").first.click()
    box = page.get_by_role("dialog")
    expect(box.locator("h2")).to_have_text(re.compile(r"Layer 2, unit \d+"))
    into, out = (box.locator("ol").nth(at).locator("li") for at in range(2))
    expect(into).to_have_count(20)
    expect(out).to_have_count(20)
    out.first.get_by_role("button").click()
    expect(box.locator("h2")).to_have_text(re.compile(r"Layer 3, unit \d+"))
    expect(out).to_have_count(3)
    expect(out.first).to_contain_text(re.compile("red|green|blue"))
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def test_the_zoom_goes_beyond_the_border(visit: Open, names: list[str]) -> None:
    requested: list[str] = []
    page = visit(f"/runs/{names[0]}/zoom")
    page.on("request", lambda request: requested.append(request.url) if "/tiles/" in request.url else None)
    canvas = page.locator(".deep canvas")
    eventually(lambda: colors(canvas) > 8)
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".zoom-foot")).to_contain_text("beyond the border")
    eventually(lambda: any(re.search(r"/tiles/\d+/-?\d+/-\d+\.png", url) for url in requested))
    eventually(lambda: colors(canvas) > 8)
    before = data_url(canvas)
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    page.mouse.wheel(0, -400)
    eventually(lambda: data_url(canvas) != before)
    page.wait_for_url(re.compile(r"/zoom\?row=.*&column=-"))
    page.reload()
    expect(page.locator(".zoom-foot")).to_contain_text("beyond the border")


FAR = ("row=1e300&column=-1e300&zoom=1e300", "row=nan&zoom=nan", "row=Infinity&zoom=-99", "zoom=24&row=9e15")


def test_a_url_may_contain_any_number(visit: Open, names: list[str]) -> None:
    requested: list[int] = []
    page = visit("/experiments")
    page.on("response", lambda answer: requested.append(answer.status) if "/tiles/" in answer.url else None)
    for far in FAR:
        page.goto(f"/runs/{names[0]}/zoom?{far}")
        # The page works, and goes back to the picture.
        page.get_by_role("button", name="The whole picture").click()
        expect(page.locator(".zoom-foot")).to_contain_text("row 20.0, column 30.0")
        page.wait_for_load_state("networkidle")
        assert page.locator(".problem").inner_text() == "", far
    assert requested
    assert all(status < 400 for status in requested)


def test_all_tiles_fit_on_screen(visit: Open, names: list[str]) -> None:
    requested: list[str] = []
    page = visit(f"/runs/{names[0]}/zoom")
    page.on("request", lambda request: requested.append(request.url) if "/tiles/" in request.url else None)
    for _ in range(20):
        page.get_by_role("button", name="Zoom out").click()
    page.wait_for_load_state("networkidle")
    assert any(re.search(r"/tiles/-\d+/", url) for url in requested)
    assert page.locator(".problem").inner_text() == ""
    # The corners of the reachable area are painted, not only its center.
    painted = page.evaluate(
        """() => {
            const canvas = document.querySelector(".deep canvas");
            const context = canvas.getContext("2d");
            const [x, y] = [canvas.width / 2, canvas.height / 2];
            const far = 0.4 * Math.min(x, y);
            // All at once: a browser warns of pixels that are read one by one.
            const side = Math.round(2 * far);
            const { data } = context.getImageData(x - far, y - far, side, side);
            return [0, side - 1, side * (side - 1), side * side - 1].map((at) => data[4 * at + 3]);
        }"""
    )
    assert painted == [255] * 4
