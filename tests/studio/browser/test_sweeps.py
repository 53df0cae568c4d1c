"""A sweep's page: brushes, scatter, paintings, the sorted table, and configurations that arrive while it searches."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import sfumato as sf
from sfumato.lab.experiment import StoppedError
from tests.lab.sweep.test_run import sweep
from tests.studio.browser.brushes import check_brushes
from tests.studio.browser.canvas import colors, data_url
from tests.studio.browser.conftest import Open
from tests.studio.browser.studio import Studio
from tests.studio.browser.test_pages import check_page
from tests.studio.server import eventually
from tests.studio.sweeps import made

SPACE = {"model.width": "4..40:log", "model.activation": "relu,sine(5..40)"}


@pytest.fixture(scope="module")
def searched(studio: Studio) -> sf.Sweep:
    """Return a sweep of 12 configurations beside the studio's runs."""
    return sweep(studio.runs.with_name("sweeps") / "shapes", SPACE, trials=12, workers=1, sampler="random")


def numbers(page: Page) -> list[int]:
    """Return the configurations of the table, in its order."""
    return [int(row.get_attribute("data-number") or "") for row in page.locator(".trials tbody tr").all()]


def drag(page: Page, axis: Locator, start: float, end: float) -> None:
    """Brush an axis, by parts of its height from the top."""
    box = axis.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + start * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + end * box["height"], steps=4)
    page.mouse.up()


def test_a_sweep_is_listed_and_shown(visit: Open, searched: sf.Sweep) -> None:
    page = visit("/experiments")
    # One list is shown although the other one fails, until that is there.
    page.clock.install()
    for failing in ("experiments", "sweeps"):
        page.route(f"**/api/{failing}", lambda route: route.fulfill(body="no JSON"))
        page.reload()
        expect(page.locator(".messages .problem")).to_have_text(re.compile("^The studio's response cannot be read"))
        expect(page.locator("h1")).to_have_text("Experiments")
        expect(page.locator(".sweeps li")).to_have_count(1 if failing == "experiments" else 0)
        page.unroute(f"**/api/{failing}")
        page.clock.fast_forward("00:05")
        expect(page.locator(".messages .problem")).to_have_count(0)
    line = page.locator(".sweeps li", has_text="shapes")
    expect(line).to_contain_text(f"12 configurations · best PSNR {searched.best()[0].psnr:.2f}".rstrip("0"))
    line.get_by_role("link", name="Open the sweep").click()
    page.wait_for_url("**/sweeps/shapes")
    expect(page.locator("h1")).to_have_text("shapes")
    expect(page.locator(".figures")).to_contain_text("12 of 12")
    canvas = page.locator(".lines canvas")
    eventually(lambda: colors(canvas) > 8)
    best = [each.number for each in searched.best(12)]
    assert numbers(page) == best
    cards = page.locator("ol.cards > li")
    expect(cards).to_have_count(12)
    expect(cards.first).to_contain_text(f"1. trial {best[0]}")
    expect(cards.first).to_contain_text(f"{searched.best()[0].psnr:.2f} dB")
    eventually(lambda: cards.first.locator("img").evaluate("each => each.naturalWidth") == 9)
    expect(page.get_by_text("The best of many is too good by luck")).to_be_visible()
    expect(page.locator(".luck pre")).to_have_text("sfumato sweep best sweeps/shapes --top 3 --verdict")
    expect(page.locator(".plot .scatterlayer .point").nth(11)).to_be_attached()


def test_a_brush_filters_everything(visit: Open, searched: sf.Sweep) -> None:
    page = visit("/sweeps/shapes")
    check_brushes(page)
    canvas = page.locator(".lines canvas")
    eventually(lambda: colors(canvas) > 8)
    before = data_url(canvas)
    # From the middle of the axis to its top, that is the wider half on a logarithmic scale.
    drag(page, page.locator('.strip[data-axis="model.width"]'), 0.51, 0.01)
    wide = {each.number for each in searched.configurations if each.parameters["model.width"] > (4 * 40) ** 0.5}
    assert 0 < len(wide) < 12
    eventually(lambda: set(numbers(page)) == wide)
    expect(page.locator(".brushes [role=status]")).to_have_text(
        f"{len(wide)} of 12 configurations are inside of the brushes."
    )
    assert {int(each.get_attribute("data-number") or "") for each in page.locator("ol.cards > li").all()} == wide
    eventually(lambda: data_url(canvas) != before)
    faint = "all => all.filter(each => Number(getComputedStyle(each).opacity) < 0.3).length"
    eventually(lambda: page.locator(".scatterlayer").first.locator(".point").evaluate_all(faint) == 12 - len(wide))
    page.get_by_role("button", name="Clear the brushes").click()
    assert len(numbers(page)) == 12
    # The same from the keyboard; only those with the value have the parameter.
    page.get_by_text("Brush by sliders").click()
    page.get_by_label("model.activation.sine, from").focus()
    page.keyboard.press("ArrowRight")
    sines = {each.number for each in searched.configurations if "model.activation.sine" in each.parameters}
    assert 0 < len(sines) < 12
    assert set(numbers(page)) <= sines
    assert set(numbers(page))
    page.keyboard.press("Home")
    assert len(numbers(page)) == 12


def test_the_table_is_sorted_by_any_column(visit: Open, searched: sf.Sweep) -> None:
    page = visit("/sweeps/shapes")
    width = page.locator('.trials th[data-column="model.width"]')
    width.get_by_role("button").click()
    expect(width).to_have_attribute("aria-sort", "descending")
    by_width = {each.number: each.parameters["model.width"] for each in searched.configurations}
    assert [by_width[number] for number in numbers(page)] == sorted(by_width.values(), reverse=True)
    width.get_by_role("button").press("Enter")
    expect(width).to_have_attribute("aria-sort", "ascending")
    assert [by_width[number] for number in numbers(page)] == sorted(by_width.values())


def test_the_axes_of_the_scatter_plot_are_chosen(visit: Open, searched: sf.Sweep) -> None:
    page = visit("/sweeps/shapes")
    page.get_by_label("Horizontal").select_option("seconds")
    page.get_by_label("Vertical").select_option("model.activation")
    expect(page.locator(".chart").first).to_have_attribute("aria-label", re.compile("^activation against Seconds"))
    expect(page.locator(".plot .xtitle").first).to_have_text("Seconds of training")


def test_a_configuration_opens_in_the_form(visit: Open, searched: sf.Sweep) -> None:
    page = visit("/sweeps/shapes")
    best = searched.best()[0]
    page.locator("ol.cards > li").first.get_by_role("link", name="Open in the form").click()
    page.wait_for_url("**/new?*")
    expect(page.get_by_label("width", exact=False).first).to_be_visible()
    assert f"model.width={best.parameters['model.width']}" in page.url


def test_unusual_sweeps_are_shown(visit: Open, studio: Studio, logged: list[str]) -> None:
    root = studio.runs.with_name("sweeps")
    name = '<a href="https://example.org/">Log in</a>'
    scored = [made.Configuration(20.0 + at, parameters={name: 5 + at}, results={"gflop": 3.0 + at}) for at in range(3)]
    made.sweep(root / "named", [*scored, made.Configuration(0.0, "diverged", parameters={name: 5})])
    made.sweep(root / "bare", [made.Configuration(0.0, "failed", parameters={}, results={"psnr": None})])
    page = visit("/sweeps/bare")
    # Neither parameters nor results.
    expect(page.locator(".trials tbody tr")).to_have_count(1)
    expect(page.get_by_text("No configuration with a known score has finished.")).to_be_visible()
    expect(page.get_by_role("heading", name="One against another")).to_be_hidden()
    expect(page.locator(".problem")).to_have_count(0)
    # A database that another process holds at first.
    line = "sweep.db is being written; this page tries again."
    page.route("**/api/sweeps/named", lambda route: route.fulfill(status=503, json={"problem": line, "field": None}))
    page.goto("/sweeps/named")
    expect(page.locator("main [role=status]")).to_have_text(line)
    page.unroute("**/api/sweeps/named")
    expect(page.locator("h1")).to_have_text("named")
    assert all("503" in each for each in logged)
    logged.clear()
    # A name is text everywhere, also in titles that Plotly draws.
    expect(page.locator(".plot .xtitle").first).to_have_text(name)
    expect(page.locator(".plot a")).to_have_count(0)
    # What diverged stands at the worse end: the lower one of a score, the upper one of a cost.
    drawn = "each => Object.fromEntries(each.data.map(({ name, y }) => [name, y]))"
    for result, sign in {"psnr": 1, "gflop": -1}.items():
        page.get_by_label("Vertical").select_option(result)
        expect(page.locator(".plot .g-gtitle").first).to_contain_text("PSNR" if result == "psnr" else "GFLOP")
        marks = page.locator(".plot").first.evaluate(drawn)
        assert sign * marks["diverged"][0] < min(sign * each for each in marks["finished"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits(visit: Open, searched: sf.Sweep, scheme: str) -> None:
    for width in (360, 1280):
        page = visit("/sweeps/shapes", scheme=scheme, width=width)
        expect(page.locator("ol.cards img").first).to_be_visible()
        check_page(page, "/sweeps/shapes", "dark" if scheme == "dark" else "light", width)


def test_configurations_arrive_while_it_searches(visit: Open, studio: Studio, tmp_path: Path) -> None:
    path = studio.runs.with_name("sweeps") / "running"
    more, stop = threading.Semaphore(1), threading.Event()

    def watch(done: int, _: int) -> None:
        # The next one is not begun before the page has shown those before.
        while not more.acquire(timeout=0.1) and not stop.is_set():
            pass

    def search() -> None:
        with suppress(StoppedError):
            sweep(path, SPACE, trials=30, workers=1, sampler="random", watch=watch, stop=stop.is_set)

    thread = threading.Thread(target=search)
    thread.start()
    try:
        more.release(2)
        eventually((path / "sweep.db").exists)
        page = visit("/experiments")
        expect(page.locator(".sweeps li", has_text="running")).to_contain_text("searching")
        page.goto("/sweeps/running")
        expect(page.locator(".state")).to_have_text("searching")
        page.evaluate("window.same = true")
        eventually(lambda: len(numbers(page)) == 3)
        drag(page, page.locator('.strip[data-axis="model.activation"]'), 0.5, 0.02)
        page.get_by_role("button", name="Clear the brushes").click()
        more.release(3)
        expect(page.locator(".figures")).to_contain_text("6 of 30")
        eventually(lambda: sorted(numbers(page)) == [0, 1, 2, 3, 4, 5])
        assert page.evaluate("window.same")
    finally:
        stop.set()
        thread.join()
    expect(page.locator(".state")).to_be_hidden()
