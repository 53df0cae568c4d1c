"""A trial: a copy of a recipe's network, trained for a moment on a few of the picture's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sfumato.training.health.network_stats import NetworkStats

WORSE_UNSEEN = 1.02
"""Errors above so many times a flat color's, at pixels that were not shown."""

LEARNED = 0.97
"""Errors below this part of a flat color's: the network has learned something of the picture's shapes."""


@dataclass(frozen=True)
class Unseen:
    """A trial of its own, on a patch of the picture of which some pixels are held out as in the run."""

    rows: int
    columns: int
    shown: float
    """Errors at the pixels that were shown, in parts of those of one flat color; nan where not finite."""
    held_out: float
    """The same at the others."""

    @property
    def memorizes(self) -> bool:
        """Whether it answers better than one flat color where it looked, and worse where it did not."""
        return self.shown < LEARNED and self.held_out > WORSE_UNSEEN


@dataclass(frozen=True)
class Trial:
    """What happened."""

    engine: str
    pixels: int
    steps: int
    seconds: float
    before: NetworkStats
    after: NetworkStats
    errors: tuple[float, ...]
    """Mean squared errors of the samples of each piece of the trial, in order; nan where not finite."""
    updates: tuple[float, ...]
    """Of each of the figures' layers: length of one more step's change of the weights, in parts of their length."""
    moved: tuple[float, ...]
    """The same of all steps together."""
    planned_steps: float | None
    """That the recipe's budget comes to on the whole picture; None where only a PSNR ends it."""
    unseen: Unseen | None = None
    """How pixels were answered that were held out, where the recipe holds some out."""

    @property
    def finite(self) -> bool:
        """Whether all answers are numbers."""
        return math.isfinite(self.after.mse) and all(map(math.isfinite, self.errors))

    @property
    def error(self) -> float:
        """The errors at the end in parts of those of one flat color, the pixels' mean; nan where not finite."""
        return self.after.mse / self.after.mean_color_mse if self.after.mean_color_mse else math.nan

    @property
    def first_error(self) -> float:
        """The same before the first step."""
        return self.before.mse / self.before.mean_color_mse if self.before.mean_color_mse else math.nan

    @property
    def learned(self) -> bool:
        """Whether the network has become better than a flat color."""
        return self.finite and self.error < LEARNED

    @property
    def last_errors(self) -> tuple[float, ...]:
        """Of the last third of the trial."""
        return self.errors[-max(len(self.errors) // 3, 1) :]

    @property
    def falls(self) -> bool:
        """Whether errors were still falling: by 2% from the middle third of the trial to the last."""
        third, last = max(len(self.errors) // 3, 1), self.last_errors
        middle = self.errors[third : 2 * third] or self.errors
        return sum(last) / len(last) < 0.98 * sum(middle) / len(middle)

    @property
    def first_layer_moves(self) -> float:
        """Relative change of the first hidden layer in the whole budget, at the trial's pace; infinite without one."""
        if len(self.moved) < 2:
            return math.inf
        times = self.times_planned
        return self.moved[0] * times if math.isfinite(times) else math.inf if self.moved[0] else 0.0

    @property
    def times_planned(self) -> float:
        """How many trials as long as this one the budget comes to; infinite where nothing but a PSNR ends it."""
        return math.inf if self.planned_steps is None else self.planned_steps / max(self.steps, 1)
