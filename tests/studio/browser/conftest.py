"""Fixtures: Chromium, and a studio over two small runs; tests fail on any message on the browser's console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

import sfumato as sf
from tests.patience import PATIENCE
from tests.studio.browser.studio import Studio

# A busy machine is slow, and the first request to a network loads PyTorch.
expect.set_options(timeout=1000 * PATIENCE)

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests in a browser as slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> list[sf.Run]:
    """Return two finished runs, of three and of two hidden layers."""
    runs = tmp_path_factory.mktemp("browser") / "runs"
    return [
        sf.paint(
            _picture(),
            runs=runs,
            film="none",
            model={"depth": depth, "width": 24},
            budget={"epochs": 4},
            evaluation={"interval": "epoch"},
        )
        for depth in (3, 2)
    ]


@pytest.fixture(scope="session")
def studio(painted: list[sf.Run], state_folder: None) -> Iterator[Studio]:
    """Serve a studio over the two runs; tests add more."""
    found = Studio(painted[0].folder.parent)
    yield found
    found.settle()
    found.end()


@pytest.fixture
def names(painted: list[sf.Run]) -> list[str]:
    """Return the names of the two runs, the deeper one first."""
    return [run.folder.name for run in painted]


@pytest.fixture
def logged() -> list[str]:
    """Collect warnings and errors on any page's console, exceptions, and requests to other hosts."""
    return []


@pytest.fixture
def visit(browser: Browser, studio: Studio, logged: list[str]) -> Iterator[Open]:
    """Return a function that opens a page of the studio; fail at the end if anything was logged."""
    pages: list[Page] = []

    def opened(path: str, *, width: int = 1280, scheme: Any = "light", **options: Any) -> Page:
        size: Any = {"width": width, "height": 800}
        context = browser.new_context(color_scheme=scheme, viewport=size, base_url=studio.address, **options)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        listen(page, studio, logged)
        page.goto(path)
        page.locator("main h1").wait_for()
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert logged == []


def listen(page: Page, studio: Studio, logged: list[str]) -> None:
    """Record warnings, errors, and requests to other hosts."""

    def console(message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            logged.append(f"{message.text} {message.location}")

    page.on("console", console)
    page.on("pageerror", lambda error: logged.append(str(error)))
    page.on("request", lambda request: None if is_ours(request.url, studio) else logged.append(request.url))


def is_ours(url: str, studio: Studio) -> bool:
    return url.startswith((studio.address, "blob:", "data:"))


def _picture() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return (40, 60, 3): gradients of red and green, and a blue disc."""
    row, column = np.mgrid[0:40, 0:60].astype(np.float32)
    disc = ((row - 20) ** 2 + (column - 34) ** 2 < 100).astype(np.float32)
    return np.stack([column / 59, row / 39, disc], axis=2).astype(np.float32)
