"""Divergence, and the relative change of weights: the conditions under which a training is given up.

| condition | given up | cause |
|---|---|---|
| outputs that are not finite before the first step | at once | initial weights |
| outputs that are not finite later | at once | learning rate |
| an MSE that was high for long and has grown since the first step | yes | learning rate |
| an MSE that was high for long and does not fall, although the weights change | yes | learning rate |
| an MSE that was high for long and still falls | no | |
| an MSE that was high for long with negligible updates | no | |

High is more than twice the MSE of the mean-color baseline. A slow training does no harm and continues; the findings at
the end of the run report it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE_CHANGE = 1e-2
"""Relative change below which weights have practically not changed."""

HIGH = 2.0
"""MSE relative to the mean-color baseline above which a network has learned nothing; also its growth that counts."""
MIN_BASELINE = 0.01
"""Lower bound of the MSE of the mean-color baseline, for nearly uniform pictures."""
LONG_PROGRESS = 0.25
LONG_EPOCHS = 2.0
LONG_STEPS = 500
"""Fraction of the budget, epochs and steps for which an MSE must have been high without improving."""
IMPROVED = 0.9
"""Ratio of the MSE to that at the start of a plateau below which a new plateau starts."""
FALLING = 0.98
"""Ratio of the mean MSE of a plateau's second half to that of its first half below which the MSE is still falling."""


def relative_change(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Return the norm of the difference divided by the norm before; infinite if that was 0, nan if not finite."""
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        difference, norm = np.linalg.norm(after - before), np.linalg.norm(before)
        return 0.0 if difference == 0 else float(difference / norm)


def largest_change(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest relative change of a weight matrix.

    Biases do not count, as they start at 0; the maximum does, as some layers may be frozen.
    """
    weights = {name: value for name, value in before.items() if _is_weight(value)}
    return max((relative_change(value, after[name]) for name, value in weights.items()), default=0.0)


def _is_weight(value: NDArray[Any]) -> bool:
    return value.ndim >= 2 and value.dtype.kind == "f"


Weights = Callable[[], Mapping[str, NDArray[Any]]]


@dataclass
class _Plateau:
    """Steps in which the MSE is high and does not improve; the fields are of its start."""

    progress: float
    epoch: float
    step: int
    mse: float
    weights: Mapping[str, NDArray[Any]]
    halves: tuple[list[float], list[float]]
    """MSEs of its first half and of its second."""


class Divergence:
    """Detector of divergence in the running mean squared error."""

    def __init__(self, mean_color_mse: float, weights: Weights) -> None:
        """Take the MSE of the mean-color baseline, and a function that returns copies of the current weights."""
        self._baseline = max(mean_color_mse, MIN_BASELINE)
        self._weights = weights
        self._first: float | None = None
        self._plateau: _Plateau | None = None
        self.reason: str | None = None
        """Why the training was given up, as a clause; None if it was not."""
        self.cause: Literal["start", "rate"] | None = None
        """What to change: the initial weights, or the learning rate."""

    def update(self, mse: float, progress: float, epoch: float, step: int) -> bool:
        """Add the mean squared error of the last samples; return whether to give up."""
        if not math.isfinite(mse):
            # The errors of the first step's samples are measured before its update.
            initial = self._first is None and step <= 1
            self.cause = "start" if initial else "rate"
            when = "not finite before the first step" if initial else f"no longer finite at epoch {epoch:.2f}"
            self.reason = f"the network's outputs are {when}"
            return True
        self._first = mse if self._first is None else self._first
        if mse <= HIGH * self._baseline:
            self._plateau = None
            return False
        if self._plateau is None or mse < IMPROVED * self._plateau.mse:
            self._plateau = _Plateau(progress, epoch, step, mse, self._weights(), ([], []))
        plateau = self._plateau
        plateau.halves[progress - plateau.progress >= LONG_PROGRESS / 2].append(mse)
        long = progress - plateau.progress >= LONG_PROGRESS and epoch - plateau.epoch >= LONG_EPOCHS
        return long and step - plateau.step >= LONG_STEPS and self._diverged(plateau, mse, epoch)

    def _diverged(self, plateau: _Plateau, mse: float, epoch: float) -> bool:
        early, late = (sum(half) / len(half) if half else mse for half in plateau.halves)
        moved = largest_change(plateau.weights, self._weights())
        first = self._first or late
        grown = late > HIGH * first
        if not grown and (late < FALLING * early or moved < NEGLIGIBLE_CHANGE):
            # The training is slow, not lost: a new plateau starts with the next samples.
            self._plateau = None
            return False
        self.cause = "rate"
        last = f"{late / self._baseline:.3g}x the mean-color baseline"
        self.reason = (
            f"MSE grew from {first / self._baseline:.3g}x to {last}"
            if grown
            else f"MSE stayed at {last} from epoch {plateau.epoch:.2f} to {epoch:.2f}, although the weights changed by "
            f"{moved:.0%} of their norm"
        )
        return True
