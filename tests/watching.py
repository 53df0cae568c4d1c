"""Observers for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sfumato as sf


class Stages(sf.Observer[Any]):
    """Collects what it is told of long work."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def stage(self, name: str, done: int, total: int) -> None:
        self.told.append((name, done, total))


class Folder(sf.Observer[Any]):
    """Knows the run's folder as soon as it is there, and how the run ended."""

    folder: Path | None = None
    status: str | None = None

    def begin(self, start: sf.Start) -> None:
        self.folder = start.folder

    def finish(self, status: str) -> None:
        self.status = status
