"""Samplers: the order of the training samples. Each epoch has its own random stream, named by its number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for

Draw = Callable[[Any, int, int, int], NDArray[np.int64]]
"""Implementation of a sampler: (choice, samples, seed, epoch) -> (samples,) indices."""


def shuffled(choice: choices.Sampler, samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return a different permutation for every epoch."""
    return rng_for(seed, f"order/{epoch}").permutation(samples)


def sequential(choice: choices.Sampler, samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the samples in their order: the pixels row by row."""
    return np.arange(samples)


def fixed(choice: choices.Sampler, samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the permutation of the first epoch for every epoch."""
    return shuffled(choice, samples, seed, 0)


def replacement(choice: choices.Sampler, samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return independent draws from all samples."""
    return rng_for(seed, f"order/{epoch}").integers(samples, size=samples)


class Sampler(ABC):
    """Base class of samplers, which draw the samples of one epoch after another."""

    @abstractmethod
    def epoch(self) -> NDArray[np.int64]:
        """Return the samples of the next epoch, (N,) indices, and go on to the one after it."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return the state from which the same epochs are drawn again."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state that `state` returned."""


class SeededSampler(Sampler):
    """The sampler of a recipe."""

    def __init__(self, choice: choices.Sampler, samples: int, seed: int) -> None:
        self._draw: Draw = choice.implementation()
        self._choice = choice
        self._samples = samples
        self._seed = seed
        self._next = 0

    def epoch(self) -> NDArray[np.int64]:
        """Return the samples of the next epoch."""
        self._next += 1
        return self._draw(self._choice, self._samples, self._seed, self._next - 1)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the number of the next epoch."""
        return {"next": np.array(self._next)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue with the epoch in ``state``."""
        self._next = int(state["next"])
