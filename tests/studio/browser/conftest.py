"""Chromium, and a studio over two small runs that it looks at; nothing may be said on the console."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError, expect

import sfumato as sf
from tests.patience import PATIENCE
from tests.studio.browser.studio import Studio

# A busy machine takes its time; a network that is asked first loads PyTorch.
expect.set_options(timeout=1000 * PATIENCE)

Open = Callable[..., Page]

REST = "/assets/icon.svg"
"""Where a page is between tests: elsewhere it would forget what it has compiled, a second's work for every test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser takes its time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> list[sf.Run]:
    """Two finished runs, of three and of two hidden layers."""
    runs = tmp_path_factory.mktemp("browser") / "runs"
    return [
        sf.paint(
            _picture(),
            runs=runs,
            film="none",
            model={"depth": depth, "width": 24},
            budget={"epochs": 4},
            evaluation={"every": "epoch"},
        )
        for depth in (3, 2)
    ]


@pytest.fixture(scope="session")
def studio(painted: list[sf.Run], state_folder: None) -> Iterator[Studio]:
    """Over the two runs; tests add more."""
    found = Studio(painted[0].folder.parent)
    yield found
    found.settle()
    found.end()


@pytest.fixture
def names(painted: list[sf.Run]) -> list[str]:
    """Of the two runs: the deeper one first."""
    return [run.folder.name for run in painted]


@pytest.fixture(scope="session")
def context(browser: Browser, studio: Studio) -> Iterator[BrowserContext]:
    """What all pages are opened in: in a new one a page costs three seconds of computing, and here less than one."""
    found = browser.new_context(base_url=studio.address)
    found.set_default_timeout(1000 * PATIENCE)
    yield found
    found.close()


@pytest.fixture(scope="session")
def kept(context: BrowserContext) -> Page:
    """The page that every test opens first, one after another."""
    return context.new_page()


@pytest.fixture
def said(context: BrowserContext, kept: Page, studio: Studio) -> Iterator[list[str]]:
    """Every warning and error on any page's console, every exception, every request to elsewhere."""
    found: list[str] = []
    with listening(context, studio, found):
        yield found
        # Whatever the page is at ends here, and nothing of it stays.
        kept.unroute_all(behavior="ignoreErrors")
        kept.goto(f"{studio.address}{REST}")
        kept.evaluate("localStorage.clear(); sessionStorage.clear()")


@pytest.fixture
def visit(context: BrowserContext, kept: Page, said: list[str]) -> Iterator[Open]:
    """Open a page of the studio. At the end nothing may have been said."""
    others: list[Page] = []
    visited: list[Page] = []

    def opened(path: str, *, width: int = 1280, scheme: Any = "light") -> Page:
        page = context.new_page() if visited else kept
        if visited:
            others.append(page)
        visited.append(page)
        # A page behind another one is painted but once a second.
        page.bring_to_front()
        page.set_viewport_size({"width": width, "height": 800})
        # What moves for its beauty alone would be painted sixty times a second, by the same cores.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(path)
        page.locator("main h1").wait_for()
        return page

    yield opened
    for page in others:
        page.close()
    assert said == []


@pytest.fixture(scope="session")
def showing(context: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, Page]]:
    runs = tmp_path_factory.mktemp("other") / "runs"
    runs.mkdir()
    studio = Studio(runs, trains=False)
    page = context.new_page()
    yield studio, page
    page.close()
    studio.end()


@pytest.fixture
def other(context: BrowserContext, showing: tuple[Studio, Page]) -> Iterator[tuple[Studio, Page]]:
    """A studio over an empty folder, which trains nothing, and a page for it; at the end nothing may have been said."""
    studio, page = showing
    page.bring_to_front()
    said: list[str] = []
    with listening(context, studio, said):
        yield studio, page
        page.goto(f"{studio.address}{REST}")
    for folder in studio.runs.iterdir():
        if not folder.name.startswith("."):
            shutil.rmtree(folder)
    assert said == []


@contextmanager
def listening(context: BrowserContext, studio: Studio, said: list[str]) -> Iterator[None]:
    """Write down what must not be."""

    def console(message: ConsoleMessage) -> None:
        # A browser asks for a favicon.ico where a picture is the page.
        if message.type in ("warning", "error") and not message.location["url"].endswith("/favicon.ico"):
            said.append(f"{message.text} {message.location}")

    def error(found: WebError) -> None:
        said.append(str(found.error))

    def request(asked: Request) -> None:
        if not is_ours(asked.url, studio):
            said.append(asked.url)

    context.on("console", console)
    context.on("weberror", error)
    context.on("request", request)
    yield
    context.remove_listener("console", console)
    context.remove_listener("weberror", error)
    context.remove_listener("request", request)


def is_ours(url: str, studio: Studio) -> bool:
    return url.startswith((f"{studio.address}/", "blob:", "data:"))


def _picture() -> np.ndarray[Any, np.dtype[np.float32]]:
    """(40, 60, 3): a slope of red and green, and a blue disc."""
    row, column = np.mgrid[0:40, 0:60].astype(np.float32)
    disc = ((row - 20) ** 2 + (column - 34) ** 2 < 100).astype(np.float32)
    return np.stack([column / 59, row / 39, disc], axis=2).astype(np.float32)
