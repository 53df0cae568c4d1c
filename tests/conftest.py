"""What tests of several parts share: one real browser, patience with busy machines, and that nothing is left behind."""

from __future__ import annotations

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
from tests.warm import warm

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MARK = uuid.uuid4().hex
"""Of this process: with pytest-xdist each one that runs tests has its own."""
os.environ[leftovers.VARIABLE] = MARK

REQUIRED = os.environ.get("SFUMATO_BROWSER") == "required"


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """When all is over, no process that a test has started is at work, whoever's child it is by then."""
    yield
    leftovers.end_helpers()
    processes = leftovers.left(MARK)
    assert not processes, f"tests have left these processes behind: {processes}"


def pytest_configure(config: pytest.Config) -> None:
    """How long an example takes says how busy the machine is; a few each time find what many would find at once."""
    hypothesis.settings.register_profile(
        "patient",
        deadline=None,
        max_examples=10 if only_quick(config) else 40,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("patient")
    # Where this is a shell's background job or runs under nohup, these are ignored, and so they would be by every
    # process that a test starts and interrupts.
    for each, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, handler)


def only_quick(config: pytest.Config) -> bool:
    return config.option.markexpr == "not slow"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Only where several processes run tests, and would all compile the same."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        warm(int(worker.removeprefix("gw")))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow tests are left out, files of nothing else are not even read: some import for seconds."""
    if not only_quick(config):
        return None
    if collection_path.suffix == ".py":
        return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text(encoding="utf-8") or None
    # Its conftest marks them all.
    return collection_path.name == "browser" or None


@pytest.fixture(scope="session", autouse=True)
def _power_stays() -> Iterator[None]:
    """Nobody cuts the power while tests run: what is written need not be on the disk before they go on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. One for all: a second one could not be asked for while the first is there."""
    from playwright.sync_api import Error, sync_playwright

    path = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(
                executable_path=path if Path(path).exists() else None,
                args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
            )
        except Error as error:
            if REQUIRED:
                raise
            pytest.skip(f"no Chromium here: {error.message.splitlines()[0]}")
        yield found
        found.close()
