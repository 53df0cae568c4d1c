"""Fixtures of all tests: a real browser, no deadlines on busy machines, and a check for processes that are left.

What no test reads is not made: curves are drawn where a test asks for them.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import leftovers
from tests.shortened import drawn_curve, no_curve
from tests.warm import warm

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MARK = uuid.uuid4().hex
"""The mark of this process; with pytest-xdist each worker has its own."""
os.environ[leftovers.VARIABLE] = MARK

REQUIRED = os.environ.get("SFUMATO_BROWSER") == "required"


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail if a process that a test has started, directly or indirectly, is still running after all tests."""
    yield
    leftovers.end_helpers()
    processes = leftovers.left(MARK)
    assert not processes, f"tests have left these processes behind: {processes}"


def pytest_configure(config: pytest.Config) -> None:
    """Configure Hypothesis without deadlines, which busy machines miss, and with few examples, which differ per run."""
    hypothesis.settings.register_profile(
        "patient",
        deadline=None,
        max_examples=10 if only_quick(config) else 40,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("patient")
    # In a shell's background job, or under nohup, these signals are ignored. The processes that tests start and
    # interrupt would inherit that.
    for each, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, handler)


def only_quick(config: pytest.Config) -> bool:
    return config.option.markexpr == "not slow"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the engines once if several workers run tests, which would otherwise all compile them."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        warm(int(worker.removeprefix("gw")))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the garbage collector from visiting all that was imported, over and over again."""
    gc.collect()
    gc.freeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip files of slow tests alone if slow tests are deselected, because importing some of them takes seconds."""
    if not only_quick(config):
        return None
    if collection_path.suffix == ".py":
        return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text(encoding="utf-8") or None
    # The conftest of this folder marks all of its tests as slow.
    return collection_path.name == "browser" or None


@pytest.fixture(scope="session", autouse=True)
def _no_fsync() -> Iterator[None]:
    """Replace fsync, because tests need no protection against power failures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_curves() -> Iterator[None]:
    """Write stand-ins for the curves of runs: drawing one takes longer than everything else of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        no_curve(patch)
        yield


@pytest.fixture
def curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the curves of runs in this test."""
    drawn_curve(monkeypatch)


def _text_has_a_width(chromium: Browser) -> bool:
    """Return whether the browser draws text: without a font, every text is invisible, and some crash it."""
    page = chromium.new_page()
    page.set_content("<span>text</span>")
    width = page.evaluate("document.querySelector('span').offsetWidth")
    page.close()
    return width > 0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield Chromium. There is one for all tests, because Playwright allows only one at a time."""
    from playwright.sync_api import Error, sync_playwright

    # The headless shell is the same engine without Chromium's own interface, and takes two thirds of its time.
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=path if Path(path).exists() else None,
                args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
            )
        except Error as error:
            if REQUIRED:
                raise
            pytest.skip(f"no Chromium here: {error.message.splitlines()[0]}")
        if not _text_has_a_width(chromium):
            reason = "Chromium finds no font: install one, such as the package fonts-dejavu-core"
            pytest.fail(reason) if REQUIRED else pytest.skip(reason)
        yield chromium
        chromium.close()
