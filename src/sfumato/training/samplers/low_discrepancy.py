"""Pixels at the points of a scrambled low-discrepancy sequence in the picture's plane.

Epochs continue one sequence of quasi-random points, so that any number of consecutive points, such as those of a step,
is evenly spread over the picture. The seed scrambles it; each point by itself is then uniformly distributed, so that
the expected gradient of a step is that of all pixels. An epoch visits some pixels more than once and leaves others out
until a later epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.samplers.sampler import Context, Draws, Sampler

LIMIT = 2**32
"""Points of a sequence, after which another one begins: SciPy's Sobol sequences have 32 digits."""


class LowDiscrepancySampler(Sampler):
    """A sampler that maps the points of a sequence to the pixels in which they lie; see `Grid.at`."""

    def __init__(self, sequence: Callable[[np.random.Generator], Any], name: str, context: Context) -> None:
        """Take a function that returns one of the sequences of `scipy.stats.qmc`, scrambled by a random stream."""
        self._new_sequence, self._name, self._context = sequence, name, context
        self._next = 0
        self._sequence: Any = None

    def epoch(self) -> Draws:
        """Return the pixels of the next as many points as there are samples."""
        samples = self._context.samples
        number, earlier = divmod(self._next, max(LIMIT // samples, 1))
        if self._sequence is None or earlier == 0:
            self._sequence = self._new_sequence(rng_for(self._context.seed, f"{self._name}/{number}"))
            if earlier > 0:
                self._sequence.fast_forward(earlier * samples)
        self._next += 1
        # Two calls, because SciPy warns of a first one with another number than a power of 2.
        points = [self._sequence.random(count) for count in (1, samples - 1) if count > 0]
        return Draws(self._context.grid.at(np.concatenate(points)))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the number of the next epoch."""
        return {"next": np.array(self._next)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue with the epoch in ``state``."""
        self._next, self._sequence = int(state["next"]), None


def low_discrepancy(
    sequence: Callable[[np.random.Generator], Any], name: str
) -> Callable[[choices.Sampler, Context], Sampler]:
    """Return the implementation of a sampler that uses this sequence."""

    def build(choice: choices.Sampler, context: Context) -> Sampler:
        return LowDiscrepancySampler(sequence, name, context)

    return build
