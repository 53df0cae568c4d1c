"""When a training is given up."""

from __future__ import annotations

import math

WORSE = 2.0
"""Errors of so many times those of one flat colour, the picture's mean, are those of a network that learned nothing."""

SMALLEST_FLAT = 0.01
"""Mean squared error that a flat colour is taken to have at least: a nearly uniform picture is no measure."""

LONG_PROGRESS = 0.25
LONG_EPOCHS = 2.0
LONG_STEPS = 500
"""For so much of the budget, and so many epochs and steps, errors must have been that bad and got no better."""


class Divergence:
    """Watches the running squared error."""

    def __init__(self, flat_mse: float) -> None:
        """``flat_mse``: mean squared error of the picture's mean colour."""
        self._bad = WORSE * max(flat_mse, SMALLEST_FLAT)
        self._since: tuple[float, float, int] | None = None
        self._least = math.inf
        self.reason: str | None = None
        """Why training was given up, in words, or None."""

    def sees(self, mse: float, progress: float, epoch: float, step: int) -> bool:
        """Whether to give up, after the samples before this moment had this mean squared error."""
        if not math.isfinite(mse):
            self.reason = f"the network's answers are not finite any more at epoch {epoch:.2f}"
            return True
        if mse <= self._bad or mse < 0.9 * self._least:
            # Good, or still getting better.
            self._since, self._least = None, mse if mse > self._bad else math.inf
        if mse <= self._bad:
            return False
        self._since = self._since or (progress, epoch, step)
        since_progress, since_epoch, since_step = self._since
        long_ago = progress - since_progress >= LONG_PROGRESS and epoch - since_epoch >= LONG_EPOCHS
        if not long_ago or step - since_step < LONG_STEPS:
            return False
        self.reason = (
            f"from epoch {since_epoch:.2f} to {epoch:.2f} the errors were more than {WORSE:g} times those of one flat "
            "colour, the picture's mean, and got no better"
        )
        return True
