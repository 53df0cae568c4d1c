"""What tests of several parts share: one real browser, patience with busy machines, and that nothing is left behind."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests import leftovers

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. One for all: a second one could not be asked for while the first is there."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(
                executable_path=path if Path(path).exists() else None,
                args=["--no-sandbox", "--disable-background-networking"],
            )
        except Error as error:
            if REQUIRED:
                raise
            pytest.skip(f"no Chromium here: {error.message.splitlines()[0]}")
        yield found
        found.close()
