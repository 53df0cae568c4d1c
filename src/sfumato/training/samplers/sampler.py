"""The interface of samplers, and samplers whose epochs follow from the seed alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.grid import Grid


@dataclass(frozen=True)
class Context:
    """What a sampler knows of the training."""

    seed: int
    batch: int
    """Samples per step."""
    grid: Grid
    """Arrangement of the training samples."""
    progress: Callable[[], float]
    """Return the fraction of the budget that is spent, 0 to 1."""
    errors: Callable[[], NDArray[np.float64]]
    """Return the errors (output - target) of all training samples as the network is now, (N, C)."""
    coarse: tuple[int, ...] = ()
    """Numbers of the averages over squares of samples, one for each of the choice's `factors`. Their indices follow
    those of the samples, in this order."""

    @property
    def samples(self) -> int:
        """Number of training samples."""
        return self.grid.samples


class Draws(NamedTuple):
    """The samples of an epoch."""

    indices: NDArray[np.int64]
    """(M,) samples, in the order in which they are trained on."""
    weights: NDArray[np.float32] | None = None
    """(M,) factors of their losses, or None for ones."""

    def split(self, count: int) -> tuple[Draws, Draws]:
        """Return the first ``count`` draws, and the others."""
        first, others = np.split(self.indices, [count])
        if self.weights is None:
            return Draws(first), Draws(others)
        return Draws(first, self.weights[:count]), Draws(others, self.weights[count:])


class Sampler(ABC):
    """Base class of samplers, which draw the samples of one epoch after another."""

    @abstractmethod
    def epoch(self) -> Draws:
        """Return the samples of the next epoch, and go on to the one after it."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return the state from which the same epochs are drawn again."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state that `state` returned."""


Build = Callable[[Any, Context], Sampler]
"""Implementation of a sampler: (choice, context) -> sampler."""
Draw = Callable[[Any, Context, int], NDArray[np.int64]]
"""Function of a sampler without state: (choice, context, epoch) -> (N,) indices."""


class SeededSampler(Sampler):
    """A sampler whose epochs depend only on their number; each has its own random stream, named by that number."""

    def __init__(self, draw: Draw, choice: choices.Sampler, context: Context) -> None:
        self._draw, self._choice, self._context = draw, choice, context
        self._next = 0

    def epoch(self) -> Draws:
        """Return the samples of the next epoch."""
        self._next += 1
        return Draws(self._draw(self._choice, self._context, self._next - 1))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the number of the next epoch."""
        return {"next": np.array(self._next)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue with the epoch in ``state``."""
        self._next = int(state["next"])


def seeded(draw: Draw) -> Build:
    """Return the implementation of a sampler without state."""

    def build_seeded(choice: choices.Sampler, context: Context) -> Sampler:
        return SeededSampler(draw, choice, context)

    return build_seeded


def build(choice: choices.Sampler, context: Context) -> Sampler:
    """Return the sampler of a choice."""
    implementation: Build = choice.implementation()
    return implementation(choice, context)
