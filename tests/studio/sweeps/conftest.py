"""Sweeps of the studio's tests, which are read anew at every request."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.studio.sweeps import listing
from tests.studio.sweeps import made
from tests.studio.sweeps.made import Configuration


@pytest.fixture(autouse=True)
def _always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "REST", 0.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return where the studio of these tests looks for sweeps."""
    return tmp_path / "sweeps"


@pytest.fixture
def folder(root: Path) -> Path:
    """Return a valid sweep, to be damaged."""
    return made.sweep(root / "one", [Configuration(), Configuration(21.0)])
