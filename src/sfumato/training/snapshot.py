"""What training yields as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.training.evaluation import Evaluation
from sfumato.training.health.figures import Figures
from sfumato.training.looking import Looking

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Snapshot:
    """Training at one moment.

    Its fields are values. `paint`, `canvas`, `weights`, `figures` and `state` compute from the network, and so does
    `painting` where there is no evaluation: they can be called until the next snapshot is asked for, and raise
    SnapshotError afterwards. Those of the last snapshot can always be called.
    """

    epoch: float
    """Times that every training pixel has been visited."""
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
    """The optimiser's rate times the schedule's factor, at the last step."""
    evaluation: Evaluation | None
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
    paint: Callable[[int, int], NDArray[np.floating]] = field(repr=False)
    """(rows, columns) -> (rows, columns, C), unclipped: the network painted finer or coarser than the picture."""
    canvas: Callable[[], NDArray[np.float32] | None] = field(repr=False)
    """(H, W, C), unclipped, for next to nothing: each pixel as the network answered it when it was last trained on it.
    None where the engine keeps no answers."""
    weights: Callable[[], Arrays] = field(repr=False)
    """Copies of the network's weights by name."""
    figures: Callable[[], Figures | None] = field(repr=False)
    """Activations, gradients and weights of every layer on 512 of the pixels; None where a network of someone's own
    cannot be copied."""
    state: Callable[[], Arrays] = field(repr=False)
    """Copies of all that training needs to continue from here to the same bits, for `Loop.load`."""
    size: tuple[int, int]
    """(H, W) of the picture."""
    looking: Looking = field(repr=False)
    """What evaluations, files and displays cost so far, and what they may."""

    def __reduce__(self) -> Any:
        raise TypeError(
            "a Snapshot cannot be copied or pickled: it looks at a network that trains on. "
            "Keep what it gives: snapshot.weights(), snapshot.painting(), snapshot.evaluation."
        )

    def painting(self) -> NDArray[np.floating]:
        """(H, W, C), unclipped."""
        return self.paint(*self.size) if self.evaluation is None else self.evaluation.painting
