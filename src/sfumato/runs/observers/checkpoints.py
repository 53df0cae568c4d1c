"""Writing checkpoints during training."""

from __future__ import annotations

import math
import time

from sfumato.runs import checkpoints
from sfumato.runs.observers.folder import FolderObserver
from sfumato.training import Overhead, Snapshot

SECONDS_PER_CHECKPOINT = 5.0
"""Minimum time between two checkpoints."""


class CheckpointWriter(FolderObserver[Snapshot]):
    """An observer that saves a checkpoint every few seconds and at the end."""

    name = "checkpoints"
    overhead = Overhead(share=0.005)
    _saved_at = -math.inf

    def due(self, snapshot: Snapshot) -> bool:
        """Return whether the last checkpoint is old enough.

        After divergence none is due, since it would replace one with good weights.
        """
        if snapshot.ended is not None:
            return snapshot.ended != "diverged"
        return time.monotonic() - self._saved_at >= SECONDS_PER_CHECKPOINT

    def observe(self, snapshot: Snapshot) -> None:
        """Save a checkpoint."""
        self._saved_at = time.monotonic()
        checkpoints.save(self.folder, snapshot.step, snapshot.state(), snapshot.seconds)
