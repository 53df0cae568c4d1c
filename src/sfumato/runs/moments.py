"""Which moments of a training are kept: dense early, at most a fixed number, thinned evenly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from sfumato.runs.layout import MOST_MOMENTS
from sfumato.runs.weights import Moment
from sfumato.training import Snapshot


class Choice:
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

    def take(self, snapshot: Snapshot) -> list[int] | None:
        """None when the snapshot is not kept, else the steps of earlier moments that make room for it."""
        known_end = snapshot.progress > 0 or snapshot.step == 0
        place = _place(snapshot.progress, snapshot.step)
        if self.kept and snapshot.step == self.kept[-1][1]:
            return None
        if self._gap == 0.0 and snapshot.step > 0:
            self._gap = 1 / (self._most - 1) if known_end else 1.0
        if self.kept and not snapshot.ended and place - self.kept[-1][0] < self._gap:
            return None
        gone: list[int] = []
        if len(self.kept) == self._most:
            # Every second one goes, the first and this new one stay.
            gone = [step for _, step in self.kept[1::2]]
            self.kept = self.kept[::2]
            self._gap *= 2
        self.kept.append((place, snapshot.step))
        return gone


def _place(progress: float, step: int) -> float:
    # Learning is fastest at first: equal distances in the root of the training done put half of all moments into its
    # first quarter.
    return math.sqrt(progress if progress > 0 else step)
