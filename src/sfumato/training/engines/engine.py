"""What an engine is: it executes the training of a recipe, and says why where it cannot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Recipe
from sfumato.training.engines.shared import Shared
from sfumato.training.samplers import Sampler

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """What is to be learned, by which model, with how many threads."""

    recipe: Recipe
    """Resolved: nothing in it is ``auto`` any more."""
    coordinates: NDArray[np.float64]
    """(N, 2) inputs of the training pixels, row by row."""
    targets: NDArray[np.float64]
    """(N, C) their colors in [0, 1]."""
    model: nn.Module
    """Initialized; (N, 2) -> (N, C). The engine may train it in place."""
    threads: int
    shared: Shared = field(default_factory=Shared)
    """What the networks beside this one hold together with it."""


@dataclass(frozen=True)
class Advance:
    """Sums over the samples of some steps, each sample measured just before its own step."""

    loss: float
    """Sum of the loss of each sample (itself summed over channels)."""
    squared_error: float
    """Sum over samples and channels of the squared error."""


class Engine(ABC):
    """Executor training steps. Built from a task that `unsupported_reasons` has nothing against."""

    name: ClassVar[str]
    keeps_answers: ClassVar[bool] = True
    """Whether `advance` fills `answers`."""
    answers: NDArray[np.float32] | None = None
    """(N, C), put here by whoever wants them: `advance` leaves every sample's unclipped answer in its row, as it was
    just before the sample's own step."""

    @abstractmethod
    def __init__(self, task: Task) -> None:
        """Allocate all that training needs."""

    @abstractmethod
    def advance(self, pixels: NDArray[np.int64], rates: NDArray[np.float64]) -> Advance:
        """Take ``len(rates)`` steps.

        ``pixels`` are indices into the task's rows; each step takes the next ``batch`` of them, the last step
        what remains. ``rates`` holds for each step the factor of the optimizer's learning rate. The result does
        not depend on how steps are divided between calls.
        """

    @abstractmethod
    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """The network's unclipped answers, (M, 2) -> (M, C), in the engine's own precision."""

    @abstractmethod
    def weights(self) -> Arrays:
        """Copies of the model's state as it is now, by the names of its ``state_dict``."""

    @abstractmethod
    def state(self) -> Arrays:
        """Copies of all that must be restored to continue to the same bits: weights, optimizer, random streams."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""

    def sampler(self) -> Sampler | None:
        """The pixel order where the engine draws its own, else None."""
        return None
