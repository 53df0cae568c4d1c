"""Saving weights at moments of a training: dense early, at most a fixed number, thinned evenly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from sfumato.runs import layout, weights
from sfumato.runs.files import remove
from sfumato.runs.layout import MAX_MOMENTS
from sfumato.runs.observers.folder import FolderObserver
from sfumato.runs.weights import Moment
from sfumato.training import Overhead, Snapshot, Start


class MomentWriter(FolderObserver[Snapshot]):
    """An observer that saves weights as moments, at most a fixed number, denser at the start of training."""

    name = "moments"
    overhead = Overhead(share=0.03, frontloaded=True)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._selection = Selection()

    def begin(self, start: Start) -> None:
        """Remove the moments after the checkpoint of a run that is resumed, and continue after the others."""
        if start.step is None:
            return
        self.remove_later(layout.MOMENTS, start.step)
        remaining = layout.of_steps(self.folder, layout.MOMENTS)
        self._selection.restore([weights.moment_of(path) for path in remaining])

    def due(self, snapshot: Snapshot) -> bool:
        """Return whether the snapshot is far enough from the last moment, and training has not diverged."""
        return snapshot.ended != "diverged" and self._selection.accepts(snapshot)

    def observe(self, snapshot: Snapshot) -> None:
        """Save the weights, and remove the moments that make room for them."""
        removed = self._selection.add(snapshot)
        weights.save(self.folder / layout.moment(snapshot.step), snapshot.weights(), weights.Moment.of(snapshot))
        for step in removed:
            remove(self.folder / layout.moment(step))


class Selection:
    """A rule that decides which snapshots become moments, and which earlier moments are removed for them."""

    def __init__(self, max_count: int = MAX_MOMENTS) -> None:
        self._max_count = max_count
        self._gap = 0.0
        self.selected: list[tuple[float, int]] = []
        """(position, step) of the selected moments, in order."""

    def restore(self, moments: Sequence[Moment]) -> None:
        """Continue after moments that were selected before, given in order."""
        positions = [_position(moment.progress, moment.step) for moment in moments]
        self.selected = [(position, moment.step) for position, moment in zip(positions, moments, strict=True)]
        gaps = [after - before for before, after in itertools.pairwise(positions)]
        if moments and moments[-1].step > 0 and moments[-1].progress == 0 and gaps:
            # The end of training is not known, so the gap started at 1 and has doubled with every thinning.
            self._gap = 2.0 ** math.floor(math.log2(max(min(gaps), 1.0)))

    def accepts(self, snapshot: Snapshot) -> bool:
        """Return whether the snapshot becomes a moment."""
        if self.selected and snapshot.step == self.selected[-1][1]:
            return False
        if self._gap == 0.0 and snapshot.step > 0:
            end_is_known = snapshot.progress > 0
            self._gap = 1 / (self._max_count - 1) if end_is_known else 1.0
        position = _position(snapshot.progress, snapshot.step)
        return not self.selected or snapshot.ended is not None or position - self.selected[-1][0] >= self._gap

    def add(self, snapshot: Snapshot) -> list[int]:
        """Select the snapshot; return the steps of earlier moments that are removed to make room for it."""
        removed: list[int] = []
        if len(self.selected) == self._max_count:
            # Every second moment is removed; the first and the new one stay.
            removed = [step for _, step in self.selected[1::2]]
            self.selected = self.selected[::2]
            self._gap *= 2
        self.selected.append((_position(snapshot.progress, snapshot.step), snapshot.step))
        return removed


def _position(progress: float, step: int) -> float:
    # Learning is fastest at first. Equal distances in the square root of the progress put half of all moments into the
    # first quarter of the training.
    return math.sqrt(progress if progress > 0 else step)
