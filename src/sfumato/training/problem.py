"""What is learned, apart from how: inputs, targets, and how a network's outputs are judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Recipe
from sfumato.training.engines import Engine
from sfumato.training.metrics import Metrics
from sfumato.training.snapshot import Snapshot

S = TypeVar("S", bound=Snapshot)
P = ParamSpec("P")
T = TypeVar("T")

Stage = Callable[[str, int, int], None]
"""Told (name, done, total) of work that takes long."""


class InterruptedEvaluationError(Exception):
    """An evaluation was asked to stop before its end."""


class Guard(Protocol):
    """Makes a function of the network as it is now refuse once training has gone on."""

    def __call__(self, function: Callable[P, T], /) -> Callable[P, T]:
        """Return the guarded function."""
        ...


class Problem(ABC, Generic[S]):
    """What a network is trained on. ``S``: what training on it yields."""

    inputs: NDArray[np.float64]
    """(N, D) of the training samples."""
    targets: NDArray[np.float64]
    """(N, C) of the training samples, in [0, 1]."""

    @abstractmethod
    def network(self, recipe: Recipe) -> nn.Module:
        """Return the network of a resolved recipe, (N, D) -> (N, C), its weights drawn."""

    @abstractmethod
    def monitor(self, recipe: Recipe, engine: Engine, model: nn.Module) -> Monitor[S]:
        """Return what judges one network while it is trained."""


class Monitor(ABC, Generic[S]):
    """Judges one network of a problem while it is trained."""

    @abstractmethod
    def evaluate(self, stage: Stage, stop: Callable[[], bool]) -> Metrics:
        """Compare the network's outputs with what they should be.

        ``stage`` is told how far a long evaluation is. Raises InterruptedEvaluationError when ``stop`` says so.
        """

    def evaluation_seconds(self) -> float | None:
        """Try a part of an evaluation: the seconds of a whole one; None where it is too short to be tried."""
        return None

    @abstractmethod
    def snapshot(self, values: Snapshot, guard: Guard) -> S:
        """Return the snapshot with what can be seen of this problem besides."""
