"""Messages between this process and the subprocesses that train for it; they are pickled."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.lab.train import Target
    from sfumato.lab.trial import Trial


@dataclass(frozen=True)
class Start:
    """What all trials need that a process of any machine trains."""

    path: tuple[str, ...]
    """Python's module search path."""
    allowed: tuple[str, ...]
    """Custom classes that may be imported."""

    def prepare(self) -> None:
        """Set this process's search path and permissions, and train on one thread from now on."""
        import torch

        from sfumato import trust

        sys.path[:] = [*self.path, *(path for path in sys.path if path not in self.path)]
        torch.set_num_threads(1)
        for name in self.allowed:
            trust.allow(name)


@dataclass(frozen=True)
class Request:
    """One trial to train."""

    trial: Trial
    target: Target | None
    """The trial's target; None: that of the request before."""
    reports: bool
    """Whether to send the points of the curve, and to wait after each for whether training ends there."""


@dataclass(frozen=True)
class Point:
    """A point of the curve of the trial that is training."""

    values: Mapping[str, Any]
    passed: int


@dataclass(frozen=True)
class Ends:
    """Whether the training ends at the point."""

    ends: bool


def send(to: IO[bytes], message: object) -> None:
    """Write one message."""
    pickle.dump(message, to, protocol=pickle.HIGHEST_PROTOCOL)
    to.flush()
