"""What the observers that write a run's folder have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from sfumato.runs import layout
from sfumato.runs.atomic import remove
from sfumato.training import Observer, Snapshot

S = TypeVar("S", bound=Snapshot, contravariant=True)


class FolderObserver(Observer[S]):
    """Writes into one run's folder, whose lock this process holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remove_later(self, part: str, step: int) -> None:
        """Remove the files of a part of the folder, one a step, that were written after this step."""
        for path in layout.of_steps(self.folder, part):
            if layout.step_of(path) > step:
                remove(path)
