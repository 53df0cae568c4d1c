"""Training resolution as a schedule: averages over squares of pixels first, the pixels themselves at last.

A network learns the low frequencies of a picture first (Rahaman et al. 2019, On the spectral bias of neural networks),
for which averages over squares are enough: a pass over those of 4 x 4 pixels takes a sixteenth of the time. The inputs
of a square are the mean coordinates of its training pixels, its targets their mean colors: held-out pixels do not
contribute. Each resolution has an equal part of the first `until` of the budget; a pass that has begun is completed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.samplers.sampler import Context, Draws, Sampler


class CoarseToFineSampler(Sampler):
    """A sampler whose epochs are passes over the samples of one resolution."""

    def __init__(self, choice: choices.CoarseToFine, context: Context) -> None:
        self._choice, self._context = choice, context
        self._ends = context.samples + np.cumsum(context.coarse, dtype=np.int64)
        self._next = 0

    def epoch(self) -> Draws:
        """Return a permutation of the samples of the present resolution."""
        level = int(self._context.progress() / self._choice.until * self._choice.levels)
        if level < self._choice.levels:
            count, end = self._context.coarse[level], int(self._ends[level])
        else:
            count = end = self._context.samples
        self._next += 1
        return Draws(end - count + rng_for(self._context.seed, f"order/{self._next - 1}").permutation(count))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the number of the next epoch."""
        return {"next": np.array(self._next)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue with the epoch in ``state``."""
        self._next = int(state["next"])


IMPLEMENTATION = CoarseToFineSampler
