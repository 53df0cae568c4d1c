"""Write checkpoints while a network trains."""

from __future__ import annotations

import math
import time

from sfumato.runs import checkpoints
from sfumato.runs.observers.folder import FolderObserver
from sfumato.training import Overhead, Snapshot

SECONDS_PER_CHECKPOINT = 5.0
"""At least so long between two."""


class CheckpointWriter(FolderObserver[Snapshot]):
    """Saves all that training needs to go on, every few seconds and at the end."""

    name = "checkpoints"
    overhead = Overhead(share=0.005)
    _saved_at = -math.inf

    def due(self, snapshot: Snapshot) -> bool:
        """Whether the last one is old; never where training diverged: it would only push out good weights."""
        if snapshot.ended is not None:
            return snapshot.ended != "diverged"
        return time.monotonic() - self._saved_at >= SECONDS_PER_CHECKPOINT

    def observe(self, snapshot: Snapshot) -> None:
        """Save one."""
        self._saved_at = time.monotonic()
        checkpoints.save(self.folder, snapshot.step, snapshot.state(), snapshot.seconds)
