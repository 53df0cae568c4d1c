"""The interface of engines: `Engine`, the `Task` from which one is built, and what concurrent networks share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Recipe
from sfumato.training.samplers import Sampler

Array = TypeVar("Array", bound=NDArray[Any])
Item = TypeVar("Item")


class Shared:
    """Equal arrays, held once, and a pool of memory that networks borrow while they compute; safe for threads."""

    def __init__(self) -> None:
        self._arrays: defaultdict[Hashable, list[NDArray[Any]]] = defaultdict(list)
        self._unused: defaultdict[Hashable, list[Any]] = defaultdict(list)

    def intern(self, array: Array) -> Array:
        """Return the first interned array with the same bits, or ``array`` itself if it is the first.

        It must be C-contiguous, and must not be written to from now on.
        """
        candidates = self._arrays[array.shape, array.dtype.str, array[:1].tobytes()]
        for held in candidates:
            # Compared as bytes: -0 differs from 0, and NaN equals itself.
            if np.array_equal(held.view(np.uint8), array.view(np.uint8)):
                return held  # pyright: ignore[reportReturnType]
        candidates.append(array)
        return array

    @contextmanager
    def borrow(self, kind: Hashable, make: Callable[[], Item]) -> Iterator[Item]:
        """Lend an item of a kind to one user at a time; ``make`` makes another when all of the kind are in use."""
        unused = self._unused[kind]
        try:
            item = unused.pop()
        except IndexError:
            item = make()
        try:
            yield item
        finally:
            unused.append(item)


Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """The data, the model, and the number of threads of a training."""

    recipe: Recipe
    """The resolved recipe, without any ``auto``."""
    coordinates: NDArray[np.float64]
    """(N, D) coordinates of the training samples; of pixels, row by row."""
    targets: NDArray[np.float64]
    """(N, C) targets of the samples, in the recipe's range."""
    model: nn.Module
    """The initialized model, (N, D) -> (N, C). The engine may train it in place."""
    threads: int
    shared: Shared = field(default_factory=Shared)
    """Arrays and memory that networks trained at the same time share."""
    shape: tuple[int, int] | None = None
    """(H, W) of the picture whose pixels the samples are, for losses that compare whole pictures; by default a line."""


@dataclass(frozen=True)
class Advance:
    """Sums over the samples of some steps, each sample evaluated just before its own step, times its weight."""

    loss: float
    """Sum of the samples' losses, each summed over channels."""
    squared_error: float
    """Sum over samples and channels of the squared error."""


class Engine(ABC):
    """The interface of engines. The task must be one for which `unsupported_reasons` returns no reason."""

    name: ClassVar[str]
    keeps_outputs: bool = True
    """Whether `advance` writes to `last_outputs`."""
    last_outputs: NDArray[np.float32] | None = None
    """(M, C) array set by the caller, or None: `advance` writes the unclipped output of each of the first M samples to
    its row, as it was just before the sample's own step."""

    @abstractmethod
    def __init__(self, task: Task) -> None:
        """Allocate everything that training needs."""

    @abstractmethod
    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take ``len(rates)`` steps, and return sums over their samples.

        ``pixels`` are indices into the task's rows; each step takes the next ``batch`` of them, the last step
        the rest. ``rates`` holds for each step the factor of the optimizer's learning rate. ``weights`` are factors
        of the losses of the ``pixels``, and of their terms in the sums; None for ones. A step's loss is the sum of its
        weighted losses, divided by the number of its samples. The result does not depend on how steps are divided
        between calls.
        """

    @abstractmethod
    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """Return the network's unclipped outputs, (M, D) -> (M, C), in the engine's precision."""

    @abstractmethod
    def weights(self) -> Arrays:
        """Return copies of the model's current state, by the names of its ``state_dict``."""

    @abstractmethod
    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the model's state by one that `weights` returned; the optimizer's state stays."""

    def set_final_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the state that `weights` returns, at the end of a training; by default that which is trained."""
        self.set_weights(weights)

    @abstractmethod
    def state(self) -> Arrays:
        """Return copies of all state from which training continues to the same bits: weights, optimizer, streams."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""

    def sampler(self) -> Sampler | None:
        """Return the engine's own sampler, or None if the recipe's is to be used."""
        return None
