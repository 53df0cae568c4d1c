"""Problems: inputs, targets, and the evaluation of a network's outputs, independent of how they are learned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Recipe
from sfumato.training.engines import Engine
from sfumato.training.grid import Grid
from sfumato.training.snapshot import Metrics, Snapshot

S = TypeVar("S", bound=Snapshot)
P = ParamSpec("P")
T = TypeVar("T")

Stage = Callable[[str, int, int], None]
"""Callback for the progress of long work: (name, done, total)."""


class InterruptedEvaluationError(Exception):
    """Raised if an evaluation is stopped before its end."""


class Guard(Protocol):
    """Wrapper of a function of the network that raises SnapshotError once training has continued."""

    def __call__(self, function: Callable[P, T], /) -> Callable[P, T]:
        """Return the guarded function."""
        ...


class Problem(ABC, Generic[S]):
    """A supervised problem. ``S``: the class of the snapshots that training yields."""

    inputs: NDArray[np.float64]
    """(N, D) inputs of the training samples."""
    targets: NDArray[np.float64]
    """(N, C) targets of the training samples, in [0, 1]."""

    @property
    def grid(self) -> Grid:
        """The arrangement of the training samples; by default they are in a line."""
        return Grid(1, len(self.targets))

    @abstractmethod
    def network(self, recipe: Recipe) -> nn.Module:
        """Return the initialized network of a resolved recipe, (N, D) -> (N, C)."""

    @abstractmethod
    def monitor(self, recipe: Recipe, engine: Engine, model: nn.Module) -> Monitor[S]:
        """Return the monitor of one network in training."""


class Monitor(ABC, Generic[S]):
    """Evaluation of one network in training."""

    @abstractmethod
    def evaluate(self, stage: Stage, stop: Callable[[], bool]) -> Metrics:
        """Compare the network's outputs with their targets.

        ``stage`` is called with the progress of a long evaluation. Raise InterruptedEvaluationError if ``stop`` returns
        true.
        """

    def evaluation_seconds(self) -> float | None:
        """Estimate the seconds of an evaluation by timing a part of it; return None if it is too short for that."""
        return None

    @abstractmethod
    def snapshot(self, values: Snapshot, guard: Guard) -> S:
        """Return the snapshot with the fields of this problem added."""
