"""Samplers: which training sample comes next. Each epoch has a random stream of its own, named by its number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for

Draw = Callable[[int, int, int], NDArray[np.int64]]
"""What implements a sampler: (samples, seed, epoch) -> (samples,) indices."""


def shuffled(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation of its own for every epoch."""
    return rng_for(seed, f"order/{epoch}").permutation(pixels)


def sequential(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Row by row."""
    return np.arange(pixels)


def fixed(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The permutation of the first epoch, in every epoch."""
    return shuffled(pixels, seed, 0)


def replacement(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Independent draws from all pixels."""
    return rng_for(seed, f"order/{epoch}").integers(pixels, size=pixels)


class Sampler(ABC):
    """Draws the samples of one epoch after another."""

    @abstractmethod
    def epoch(self) -> NDArray[np.int64]:
        """Return the next epoch's samples, (N,) indices; each call is one epoch later."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """What must be restored to draw the same epochs from here on."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""


class SeededSampler(Sampler):
    """The sampler of a recipe."""

    def __init__(self, choice: choices.Sampler, pixels: int, seed: int) -> None:
        self._draw: Draw = choice.implementation()
        self._pixels = pixels
        self._seed = seed
        self._next = 0

    def epoch(self) -> NDArray[np.int64]:
        """The next epoch's pixels."""
        self._next += 1
        return self._draw(self._pixels, self._seed, self._next - 1)

    def state(self) -> dict[str, NDArray[Any]]:
        """The number of the next epoch."""
        return {"next": np.array(self._next)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue at the epoch that `state` told."""
        self._next = int(state["next"])
