"""Snapshots that training yields, and the metrics of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from sfumato.training.health.network_stats import NetworkStats
from sfumato.training.overhead import OverheadBudget


@dataclass(frozen=True)
class Metrics:
    """An exact comparison of a network's outputs with their targets."""

    mse: float
    """Mean squared error over samples and channels."""
    psnr: float
    """Peak signal-to-noise ratio in dB; ``budget.psnr`` ends a training by it."""

    def named(self) -> dict[str, float]:
        """Return every metric by its name, for files and charts, without those that were not measured."""
        return {"mse": self.mse, "psnr": self.psnr}


Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Snapshot:
    """The state of a training at one moment, as a value.

    Its functions compute from the network. They can be called until the next snapshot is requested, and raise
    SnapshotError afterwards; those of the last snapshot can always be called. The caller owns what they return.
    """

    epoch: float
    """Steps as epochs: samples visited over the number of training samples, unless a sampler shows fewer in a step."""
    step: int
    samples: int
    """Number of samples visited."""
    seconds: float
    """Seconds of training, without evaluations."""
    progress: float
    """Fraction of the budget that is spent, 0 to 1."""
    loss: float
    """Mean loss of the samples since the last snapshot, each before its own step; nan before the first step. It is that
    of the targets in their range, which ``data.target_range`` sets."""
    running_psnr: float
    """PSNR in dB of the unclipped outputs for those samples; nan before the first step."""
    learning_rate: float
    """The optimizer's learning rate times the schedule's factor at the last step."""
    evaluation: Metrics | None
    """The metrics over all samples; None if no evaluation was due."""
    ended: str | None
    """``epochs``, ``steps``, ``seconds``, ``psnr``, ``stopped`` or ``diverged``; None while training goes on."""
    reason: str | None
    """Why the training was given up, if ``ended`` is ``diverged``."""
    cause: Literal["start", "rate"] | None
    """What to change in that case: the initial weights, or the learning rate."""
    processor_share: float | None
    """In the last snapshot: the share of the requested processor time that the threads were given, 0 to 1, since the
    training was started or last resumed; None where it is unknown."""
    outputs: Callable[[NDArray[np.float64]], NDArray[np.floating]] = field(repr=False)
    """Return the network's outputs, unclipped, as values in the range of the picture: (M, D) -> (M, C)."""
    weights: Callable[[], Arrays] = field(repr=False)
    """Return copies of the network's weights by name."""
    stats: Callable[[], NetworkStats | None] = field(repr=False)
    """Return statistics of activations, gradients and weights of every layer on some of the samples; None for a custom
    network that cannot be copied, and for problems without them."""
    state: Callable[[], Arrays] = field(repr=False)
    """Return copies of all that `Trainer.load` needs to continue from here with identical results, bit for bit."""
    overhead: OverheadBudget = field(repr=False)
    """The overhead of evaluations, files and displays so far, and its limits."""

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Snapshot cannot be copied or pickled: its functions use a network that is still training. Keep their "
            "results: snapshot.weights(), snapshot.outputs(inputs), snapshot.evaluation."
        )


S = TypeVar("S", bound=Snapshot)


def extended(snapshot: Snapshot, subclass: type[S], **values: Any) -> S:
    """Return the snapshot as an instance of ``subclass``; ``values`` are further fields, or replace existing ones."""
    return subclass(**{each.name: getattr(snapshot, each.name) for each in fields(snapshot)} | values)
