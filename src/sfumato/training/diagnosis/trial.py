"""Trial of a health check: a copy of a recipe's network, trained briefly on some of the picture's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sfumato.training.health.network_stats import NetworkStats

MEMORIZED = 1.02
"""Relative MSE of held-out pixels above which a network that learned the others has memorized them."""

LEARNED = 0.97
"""Relative MSE below which a network has learned something of the picture's shapes."""


@dataclass(frozen=True)
class HeldOutTrial:
    """A second trial, on a patch of the picture, with the same fraction of pixels held out as in the run."""

    rows: int
    columns: int
    trained: float
    """MSE over the pixels trained on, relative to the mean-color baseline; nan where not finite."""
    held_out: float
    """The same over the held-out pixels."""

    @property
    def memorizes(self) -> bool:
        """Whether the network beats the mean-color baseline on the pixels trained on and not on the held-out ones."""
        return self.trained < LEARNED and self.held_out > MEMORIZED


@dataclass(frozen=True)
class Trial:
    """The measurements of a trial. A relative MSE is one divided by that of the mean-color baseline."""

    engine: str
    pixels: int
    steps: int
    seconds: float
    before: NetworkStats
    after: NetworkStats
    mses: tuple[float, ...]
    """Mean squared error of the samples of each interval of the trial, in order; nan where not finite."""
    updates: tuple[float, ...]
    """Of each layer in `after`: norm of one further update of its weights, relative to the norm of the weights."""
    moved: tuple[float, ...]
    """The same for the change of its weights over all steps."""
    planned_steps: float | None
    """Steps of the recipe's budget on the whole picture; None if only a PSNR ends it."""
    held_out: HeldOutTrial | None = None
    """None if the recipe holds out no pixels."""

    @property
    def finite(self) -> bool:
        """Whether all outputs are finite."""
        return math.isfinite(self.after.mse) and all(map(math.isfinite, self.mses))

    @property
    def relative_mse(self) -> float:
        """Relative MSE at the end; nan where not finite."""
        return self.after.mse / self.after.mean_color_mse if self.after.mean_color_mse else math.nan

    @property
    def initial_relative_mse(self) -> float:
        """Relative MSE before the first step."""
        return self.before.mse / self.before.mean_color_mse if self.before.mean_color_mse else math.nan

    @property
    def learned(self) -> bool:
        """Whether the network is better than the mean-color baseline."""
        return self.finite and self.relative_mse < LEARNED

    @property
    def last_mses(self) -> tuple[float, ...]:
        """The last third of `mses`."""
        return self.mses[-max(len(self.mses) // 3, 1) :]

    @property
    def falls(self) -> bool:
        """Whether the MSE was still falling: by 2% from the middle third of the trial to the last."""
        third, last = max(len(self.mses) // 3, 1), self.last_mses
        middle = self.mses[third : 2 * third] or self.mses
        return sum(last) / len(last) < 0.98 * sum(middle) / len(middle)

    @property
    def first_layer_moves(self) -> float:
        """Relative change of the first hidden layer over the whole budget, extrapolated; infinite without a budget."""
        if len(self.moved) < 2:
            return math.inf
        times = self.budget_ratio
        return self.moved[0] * times if math.isfinite(times) else math.inf if self.moved[0] else 0.0

    @property
    def budget_ratio(self) -> float:
        """Steps of the budget divided by steps of the trial; infinite if only a PSNR ends the budget."""
        return math.inf if self.planned_steps is None else self.planned_steps / max(self.steps, 1)
