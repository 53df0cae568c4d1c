"""The form: it updates while it is edited, starts runs and races, and shows errors at their fields."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.studio.browser.canvas import colors, data_url
from tests.studio.browser.conftest import Open
from tests.studio.browser.studio import Studio
from tests.studio.server import eventually

SMALL = "picture.max_side=48&model.width=16&model.depth=2&budget.seconds=2"


def test_a_run_is_started_and_its_painting_changes(visit: Open) -> None:
    page = visit(f"/new?{SMALL.replace('seconds=2', 'seconds=60')}")
    expect(page.locator(".health p")).to_have_text("It will learn.")
    page.get_by_role("button", name="Start painting").click()
    page.wait_for_url("**/runs/*")
    canvas = page.locator(".panes canvas").nth(1)
    eventually(lambda: colors(canvas) > 8)
    first = data_url(canvas)
    eventually(lambda: data_url(canvas) != first)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".run-title .state")).to_have_text("stopped")
    expect(page.locator(".figures")).to_contain_text(re.compile(r"48 . 32"))


def test_plotly_is_loaded_at_the_first_use_of_the_form(visit: Open) -> None:
    page = visit("/")
    page.clock.install()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.get_by_role("link", name="New run").click()
    expect(page.locator(".preview .figures")).to_contain_text("272,703")
    page.clock.fast_forward(10_000)
    expect(page.locator(".drawing svg")).to_be_visible()
    assert [url for url in requested if "plotly" in url] == []
    with page.expect_request("**/plotly.min.js"):
        page.get_by_label("Depth", exact=True).fill("6")


def test_drawing_and_parameters_follow_the_fields(visit: Open) -> None:
    page = visit("/new")
    figures = page.locator(".preview .figures")
    expect(figures).to_contain_text("272,703")
    drawing = page.locator(".drawing svg")
    before = drawing.inner_html()
    page.get_by_label("Depth", exact=True).fill("6")
    expect(figures).to_contain_text("453,303")
    assert drawing.inner_html() != before
    page.wait_for_url("**/new?model.depth=6")
    page.get_by_label("Activation", exact=True).select_option("sine")
    page.get_by_label("activation omega").fill("12")
    page.wait_for_url("**/new?model.depth=6&model.activation=sine%28omega%3D12%29")
    page.reload()
    expect(page.get_by_label("activation omega")).to_have_value("12")
    expect(figures).to_contain_text("453,303")
    # Another preset keeps changes by hand, until they are dropped.
    page.get_by_label("Preset").select_option("blog-2012")
    expect(page.locator(".replaced")).to_contain_text("Your changes are kept: depth 6, activation sine(omega=12).")
    expect(page.get_by_label("Batch", exact=True)).to_have_value("1")
    expect(page.get_by_label("Depth", exact=True)).to_have_value("6")
    page.wait_for_url("**/new?preset=blog-2012&model.depth=6*")
    page.get_by_role("button", name="Drop them").click()
    page.wait_for_url("**/new?preset=blog-2012")
    expect(page.get_by_label("Depth", exact=True)).to_have_value("4")
    expect(page.locator(".replaced")).to_be_hidden()


def test_an_activation_for_every_layer(visit: Open) -> None:
    page = visit("/new?model.depth=2")
    figures, drawing = page.locator(".preview .figures"), page.locator(".drawing svg")
    expect(figures).to_contain_text("92,103")
    page.get_by_label("Activation", exact=True).select_option("sine")
    page.get_by_label("activation first omega").fill("12")
    page.wait_for_url("**/new?model.depth=2&model.activation=sine%28first_omega%3D12%29")
    page.get_by_label("Activation", exact=True).select_option(label="one per layer")
    listed = page.get_by_label("activation of each layer")
    expect(listed).to_have_value("sine(first_omega=12)")
    listed.fill("sine(30, 12),tanh,relu")
    expect(page.locator("[data-path='model.activation'] .problem")).to_contain_text("2, which is model.depth. Got 3")
    listed.fill("sine(30, 12),tanh")
    page.wait_for_url("**/new?model.depth=2&model.activation=sine%2830%2C+12%29%2Ctanh")
    page.reload()
    expect(listed).to_have_value("sine(30, 12),tanh")
    expect(figures).to_contain_text("92,103")
    expect(drawing).to_be_visible()
    page.get_by_label("Activation", exact=True).select_option("relu")
    page.wait_for_url("**/new?model.depth=2&model.activation=relu")


def test_the_form_can_be_restored_after_an_arm_was_opened(visit: Open) -> None:
    page = visit("/new?model.depth=2&arm=model.depth%3D3")
    page.get_by_role("button", name="depth 3").click()
    expect(page.get_by_label("Depth", exact=True)).to_have_value("3")
    page.get_by_role("button", name="Put that back").click()
    expect(page.get_by_label("Depth", exact=True)).to_have_value("2")


def test_unknown_fields_in_a_link_are_reported(visit: Open) -> None:
    page = visit("/new?preset=none-such&modl.depth=2&model.depth=2")
    expect(page.locator(".start .problem")).to_contain_text("does not know the preset none-such, modl.depth")
    expect(page.get_by_label("Depth", exact=True)).to_have_value("2")


def test_a_budget_is_what_the_form_shows(visit: Open) -> None:
    """Send the whole budget, because a recipe's changes replace a preset's."""
    page = visit("/new?budget.epochs=20")
    seconds, epochs = (page.locator(f"[data-path='budget.{name}'] input").last for name in ("seconds", "epochs"))
    expect(seconds).to_have_value("")
    expect(page.locator(".preview .figures")).not_to_contain_text("Training")
    seconds.fill("30")
    page.wait_for_url("**/new?budget.epochs=20&budget.seconds=30")
    expect(epochs).to_have_value("20")
    expect(page.locator(".preview .figures")).to_contain_text("Training30 s")


def test_the_chosen_picture_is_shown_after_a_reload(visit: Open, tmp_path: Path) -> None:
    page = visit("/new")
    Image.new("RGB", (30, 20), (200, 90, 40)).save(tmp_path / "a house.tif")
    page.locator("#file").set_input_files(tmp_path / "a house.tif")
    drop = page.locator(".drop")
    expect(drop).to_contain_text(re.compile("30 . 20"))
    page.reload()
    expect(drop).to_have_class("drop taken")
    expect(drop).to_contain_text(re.compile("a-house.tif, 30 . 20"))
    eventually(lambda: drop.locator("img").evaluate("image => image.naturalWidth") == 30)
    # A picture that a run has learned, without a file.
    page.goto("/new?picture.source=array")
    expect(drop).to_contain_text(re.compile("array, 60 . 40"))
    eventually(lambda: drop.locator("img").evaluate("image => image.naturalWidth") == 60)
    page.locator(".sample").first.click()
    expect(drop).to_have_class("drop")
    expect(drop).to_have_text("Drop a picture, or choose a file")


def test_errors_are_shown_at_their_fields(visit: Open) -> None:
    page = visit("/new")
    depth = page.get_by_label("Depth", exact=True)
    depth.fill("many")
    expect(depth).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-path='model.depth'] .problem")).to_contain_text("many")
    depth.fill("3")
    expect(page.locator("[data-path='model.depth'] .problem")).to_be_hidden()


def test_a_broken_file_is_refused_with_a_message(visit: Open, logged: list[str], tmp_path: Path) -> None:
    page = visit("/new")
    broken, whole = tmp_path / "broken.png", tmp_path / "whole.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    page.locator("#file").set_input_files(broken)
    problem = page.locator(".picker > .problem")
    expect(problem).not_to_be_empty()
    Image.new("RGB", (30, 20), (200, 90, 40)).save(whole)
    page.locator("#file").set_input_files(whole)
    expect(page.locator(".drop")).to_contain_text(re.compile(r"whole\.png, 30 . 20"))
    expect(problem).to_be_hidden()
    expect(page.locator("[data-path='picture.source'] input")).not_to_have_value("cat")
    # A browser logs responses with an error status; this one was expected.
    assert [each for each in logged if "status of 422" not in each] == []
    logged.clear()


def test_a_race_is_started_from_arms(visit: Open, studio: Studio) -> None:
    page = visit(f"/new?{SMALL}")
    page.get_by_role("button", name="Add as an arm").click()
    page.get_by_label("Depth", exact=True).fill("1")
    page.get_by_role("button", name="Add as an arm").click()
    page.reload()
    expect(page.locator(".arms li")).to_have_count(2)
    page.get_by_role("button", name="Start the race").click()
    page.wait_for_url("**/race?runs=*")
    expect(page.locator(".lane")).to_have_count(2)
    for at in range(2):
        eventually(lambda at=at: colors(page.locator(".lane canvas:first-child").nth(at)) > 8)
    studio.settle()


def test_a_link_starts_no_large_check(visit: Open) -> None:
    page = visit("/new?model.width=65536")
    health = page.locator(".health p")
    expect(health).to_contain_text("Not checked automatically: model.width must leave the check within 1 GB")
    page.get_by_role("button", name="Check anyway").click()
    # This machine does not have enough memory either.
    expect(health).to_contain_text("Not checked: model.width must leave the check within")


def test_an_uploaded_picture_can_be_deleted(visit: Open, studio: Studio, tmp_path: Path) -> None:
    Image.new("RGB", (8, 6), "teal").save(tmp_path / "teal.png")
    page = visit("/new")
    page.locator("#file").set_input_files(tmp_path / "teal.png")
    page.wait_for_url("**/new?*teal.png*")
    page.get_by_text("Uploaded pictures").click()
    page.get_by_role("button", name="Delete teal.png").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Delete teal.png")).to_have_count(0)
    assert not list((studio.runs / ".studio").rglob("teal.png"))
    # The form no longer asks for it.
    assert "teal.png" not in page.url
    expect(page.locator(".sample[aria-pressed=true]")).to_have_count(1)
