"""Save weights at moments of a training: dense early, at most a fixed number, thinned evenly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from sfumato.runs import layout, weights
from sfumato.runs.atomic import remove
from sfumato.runs.layout import MOST_MOMENTS
from sfumato.runs.observers.folder import FolderObserver
from sfumato.runs.weights import Moment
from sfumato.training import Overhead, Snapshot, Start


class MomentWriter(FolderObserver[Snapshot]):
    """Saves the weights alone: dense early, at most a fixed number, thinned evenly."""

    name = "moments"
    overhead = Overhead(share=0.03, frontloaded=True)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._selection = Selection()

    def begin(self, start: Start) -> None:
        """Of a run that is resumed, drop the moments after the checkpoint and go on after the rest."""
        if start.step is None:
            return
        self.remove_later(layout.MOMENTS, start.step)
        kept = layout.of_steps(self.folder, layout.MOMENTS)
        self._selection.restore([weights.moment_of(path) for path in kept])

    def due(self, snapshot: Snapshot) -> bool:
        """Whether it is far enough from the last one; never where training diverged."""
        return snapshot.ended != "diverged" and self._selection.wants(snapshot)

    def observe(self, snapshot: Snapshot) -> None:
        """Save the weights, and remove those that make room for them."""
        removed = self._selection.add(snapshot)
        weights.save(self.folder / layout.moment(snapshot.step), snapshot.weights(), weights.Moment.of(snapshot))
        for step in removed:
            remove(self.folder / layout.moment(step))


class Selection:
    """Decides for each snapshot whether its weights are kept, and which kept ones must go."""

    def __init__(self, most: int = MOST_MOMENTS) -> None:
        self._most = most
        self._gap = 0.0
        self.kept: list[tuple[float, int]] = []
        """(place, step) of the kept moments, in order."""

    def restore(self, moments: Sequence[Moment]) -> None:
        """Go on after moments that were kept before, in order."""
        places = [_place(moment.progress, moment.step) for moment in moments]
        self.kept = [(place, moment.step) for place, moment in zip(places, moments, strict=True)]
        gaps = [after - before for before, after in itertools.pairwise(places)]
        if moments and moments[-1].step > 0 and moments[-1].progress == 0 and gaps:
            # The end is not known: the gap has doubled with every thinning.
            self._gap = 2.0 ** math.floor(math.log2(max(min(gaps), 1.0)))

    def wants(self, snapshot: Snapshot) -> bool:
        """Return whether the snapshot is to be kept."""
        if self.kept and snapshot.step == self.kept[-1][1]:
            return False
        if self._gap == 0.0 and snapshot.step > 0:
            known_end = snapshot.progress > 0
            self._gap = 1 / (self._most - 1) if known_end else 1.0
        place = _place(snapshot.progress, snapshot.step)
        return not self.kept or snapshot.ended is not None or place - self.kept[-1][0] >= self._gap

    def add(self, snapshot: Snapshot) -> list[int]:
        """Keep the snapshot; return the steps of earlier ones that make room for it."""
        removed: list[int] = []
        if len(self.kept) == self._most:
            # Every second one goes, the first and this new one stay.
            removed = [step for _, step in self.kept[1::2]]
            self.kept = self.kept[::2]
            self._gap *= 2
        self.kept.append((_place(snapshot.progress, snapshot.step), snapshot.step))
        return removed


def _place(progress: float, step: int) -> float:
    # Learning is fastest at first: equal distances in the root of the training done put half of all moments into its
    # first quarter.
    return math.sqrt(progress if progress > 0 else step)
