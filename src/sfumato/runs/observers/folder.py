"""The base class of observers that write a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from sfumato.runs import layout
from sfumato.runs.files import remove
from sfumato.training import Observer, Snapshot

S = TypeVar("S", bound=Snapshot, contravariant=True)


class FolderObserver(Observer[S]):
    """An observer that writes into a run's folder, whose lock this process holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remove_later(self, part: str, step: int) -> None:
        """Remove the files in ``part``, one per step, that belong to steps after ``step``."""
        for path in layout.of_steps(self.folder, part):
            if layout.step_of(path) > step:
                remove(path)
