"""When a training is given up, and why.

| what is measured | given up | because |
|---|---|---|
| answers that are not finite before the first step | at once | of the initial weights |
| answers that are not finite later | at once | of the rate |
| errors that were bad for long and have grown since the first step | yes | of the rate |
| errors that were bad for long, while weights moved, and do not fall | yes | of the rate |
| errors that were bad for long and still fall | no | |
| errors that were bad for long, while weights stood still | no | |

Bad is worse than twice the errors of one flat color. What is slow is no harm to let go on: how it ended is told at the
end of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from sfumato.training.movement import STILL, largest_change

WORSE = 2.0
"""Errors of so many times those of one flat color, the picture's mean, are those of a network that learned nothing."""

SMALLEST_FLAT = 0.01
"""Mean squared error that a flat color is taken to have at least: a nearly uniform picture is no measure."""

LONG_PROGRESS = 0.25
LONG_EPOCHS = 2.0
LONG_STEPS = 500
"""For so much of the budget, and so many epochs and steps, errors must have been that bad and got no better."""

BETTER = 0.9
"""Errors that fall below this part of what they were start the wait anew."""

FALLING = 0.98
"""Errors of the wait's second half below this part of those of its first half are still falling."""

Weights = Callable[[], Mapping[str, NDArray[Any]]]


@dataclass
class _Wait:
    """Since errors are bad and got no better."""

    progress: float
    epoch: float
    step: int
    mse: float
    weights: Mapping[str, NDArray[Any]]
    halves: tuple[list[float], list[float]]


class Divergence:
    """Watches the running squared error."""

    def __init__(self, mean_color_mse: float, weights: Weights) -> None:
        """``mean_color_mse``: that of the mean-color baseline; ``weights``: copies of the weights as they are."""
        self._flat = max(mean_color_mse, SMALLEST_FLAT)
        self._weights = weights
        self._first: float | None = None
        self._wait: _Wait | None = None
        self.reason: str | None = None
        """Why training was given up, in words, or None."""
        self.cause: Literal["start", "rate"] | None = None
        """What is to be changed: the initial weights, or the learning rate."""

    def sees(self, mse: float, progress: float, epoch: float, step: int) -> bool:
        """Whether to give up, after the samples before this moment had this mean squared error."""
        if not math.isfinite(mse):
            # One step has been taken, and its samples were measured before it.
            early = self._first is None and step <= 1
            self.cause = "start" if early else "rate"
            when = "before the first step" if early else f"any more at epoch {epoch:.2f}"
            self.reason = f"the network's answers are not finite {when}"
            return True
        self._first = mse if self._first is None else self._first
        if mse <= WORSE * self._flat:
            self._wait = None
            return False
        if self._wait is None or mse < BETTER * self._wait.mse:
            self._wait = _Wait(progress, epoch, step, mse, self._weights(), ([], []))
        wait = self._wait
        wait.halves[progress - wait.progress >= LONG_PROGRESS / 2].append(mse)
        long = progress - wait.progress >= LONG_PROGRESS and epoch - wait.epoch >= LONG_EPOCHS
        return long and step - wait.step >= LONG_STEPS and self._concludes(wait, mse, epoch)

    def _concludes(self, wait: _Wait, mse: float, epoch: float) -> bool:
        early, late = (sum(half) / len(half) if half else mse for half in wait.halves)
        moved = largest_change(wait.weights, self._weights())
        first = self._first or late
        grown = late > WORSE * first
        if not grown and (late < FALLING * early or moved < STILL):
            # Slow, not lost: the wait begins anew with the next samples.
            self._wait = None
            return False
        self.cause = "rate"
        times = f"{late / self._flat:.3g} times those of one flat color, the picture's mean"
        self.reason = (
            f"the errors grew from {first / self._flat:.3g} to {times}"
            if grown
            else f"from epoch {wait.epoch:.2f} to {epoch:.2f} the errors stayed {times}, while weights changed by "
            f"{moved:.0%} of their size"
        )
        return True
