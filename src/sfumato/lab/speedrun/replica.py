"""The seconds per sample of engine ``replica``, whose arithmetic is that of the program of 2012 to the last digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import changed, preset
from sfumato.training import PictureProblem, Trainer, resolve

LEAST_SECONDS = 0.05
"""Least duration of one measurement."""


class Replica:
    """A training of 2012 on this picture, on one core, which continues with each measurement."""

    def __init__(self, picture: NDArray[np.float32], network: dict[str, object] | None = None) -> None:
        """Start the training. ``network``: changes of its model, for tests."""
        endless = {"budget": {"steps": 10**12}, "evaluation": {"interval": "end"}}
        changes = {"engine": "replica", "model": network or {}, **endless}
        recipe = resolve(changed(preset("blog-2012"), changes))
        self._snapshots = Trainer(recipe, PictureProblem(recipe, picture)).snapshots()
        self._last = next(self._snapshots)
        # The intervals between the trainer's first snapshots are short.
        while self._advance()[0] < LEAST_SECONDS:
            pass

    def seconds_per_sample(self) -> float:
        """Return the seconds per sample over the next tenth of a second or so."""
        seconds, samples = self._advance()
        return seconds / samples

    def _advance(self) -> tuple[float, int]:
        before, self._last = self._last, next(self._snapshots)
        return self._last.seconds - before.seconds, self._last.samples - before.samples
