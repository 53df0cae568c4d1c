"""What training yields as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from sfumato.training.health.network_stats import NetworkStats
from sfumato.training.metrics import Metrics
from sfumato.training.overhead import OverheadBudget

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Snapshot:
    """Training at one moment: a value.

    Its functions compute from the network. They can be called until the next snapshot is asked for, and raise
    SnapshotError afterwards; those of the last snapshot can always be called. What they return is the caller's.
    """

    epoch: float
    """Times that every training sample has been visited."""
    step: int
    samples: int
    seconds: float
    """Seconds of training, evaluation not counted."""
    progress: float
    """Part of the budget that is spent, 0 to 1."""
    loss: float
    """Mean loss of the samples shown since the last snapshot, each before its own step; nan before the first step."""
    running_psnr: float
    """dB from the unclipped squared errors of those samples; nan before the first step."""
    learning_rate: float
    """The optimizer's rate times the schedule's factor, at the last step."""
    evaluation: Metrics | None
    """An exact comparison, when one was due."""
    ended: str | None
    """``epochs``, ``steps``, ``seconds``, ``psnr``, ``stopped`` or ``diverged``; None while training goes on."""
    reason: str | None
    """What went wrong, when ``ended`` is ``diverged``."""
    cause: Literal["start", "rate"] | None
    """What is to be changed then: the initial weights, or the learning rate."""
    processor_share: float | None
    """At the end: the part that its threads got of the processor time that they asked for, 0 to 1, since training was
    begun or last resumed; None where nothing tells."""
    outputs: Callable[[NDArray[np.float64]], NDArray[np.floating]] = field(repr=False)
    """(M, D) inputs -> (M, C) outputs of the network, unclipped."""
    weights: Callable[[], Arrays] = field(repr=False)
    """Copies of the network's weights by name."""
    stats: Callable[[], NetworkStats | None] = field(repr=False)
    """Activations, gradients and weights of every layer on a few of the samples; None where a network of the user's own
    cannot be copied, and where the problem has none."""
    state: Callable[[], Arrays] = field(repr=False)
    """Copies of all that training needs to continue from here to the same bits, for `Trainer.load`."""
    overhead: OverheadBudget = field(repr=False)
    """What evaluations, files and displays cost so far, and what they may."""

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Snapshot cannot be copied or pickled: it looks at a network that trains on. "
            "Keep what it gives: snapshot.weights(), snapshot.outputs(inputs), snapshot.evaluation."
        )


S = TypeVar("S", bound=Snapshot)


def extended(snapshot: Snapshot, kind: type[S], **more: Any) -> S:
    """Return the snapshot as one of another ``kind``, with ``more`` fields, or others in place of its own."""
    return kind(**{each.name: getattr(snapshot, each.name) for each in fields(snapshot)} | more)
