"""Observers for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sfumato as sf


class Stages(sf.Observer[Any]):
    """An observer that records the progress of long work."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int]] = []

    def stage(self, name: str, done: int, total: int) -> None:
        self.calls.append((name, done, total))


class Folder(sf.Observer[Any]):
    """An observer that records the folder of the run, and the status with which it ended."""

    folder: Path | None = None
    status: str | None = None

    def begin(self, start: sf.Start) -> None:
        self.folder = start.folder

    def finish(self, status: str) -> None:
        self.status = status
