"""Short training of a health check: the recipe's own engine and sampler, at its highest learning rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Budget, Recipe, choices
from sfumato.recipe.budget import Batching
from sfumato.training.grid import Grid
from sfumato.training.samples import Samples
from sfumato.training.trainer import Trainer

SECONDS = 0.6
"""Seconds of training; the rest of about two seconds is taken by building, measuring and starting."""

PATIENCE = 10
"""Factor by which a trial may take longer on a busy machine, where other programs take processor time."""

VISITS = 24
"""Epochs after which a trial ends before its seconds do: on a fast machine it always has the same length."""

MIN_STEPS = 60
"""Steps to take even if they are more than `VISITS` epochs, as long as there is time."""

MAX_WARMUP = 0.3
"""Largest part of the trial that is warm-up."""

INTERVALS = 24
"""Number of intervals into which the steps are divided, to see how the MSE changes."""


class TrialRun:
    """A `Trainer` on some samples, advanced interval by interval without evaluations."""

    def __init__(
        self, recipe: Recipe, inputs: NDArray[np.float64], targets: NDArray[np.float64], model: nn.Module
    ) -> None:
        """Take (N, 2) inputs row by row and (N, C) colors; ``model`` may be trained in place."""
        self.batching = Batching.of(recipe.training.batch, len(targets))
        self._channels = targets.shape[1]
        self._max_steps = max(VISITS * self.batching.steps_per_epoch, MIN_STEPS)
        warmup = min(recipe.training.schedule.warmup, MAX_WARMUP)
        training = recipe.training.model_copy(update={"schedule": choices.Constant(warmup=warmup)})
        budget = Budget(steps=self._max_steps, seconds=SECONDS)
        brief = recipe.model_copy(update={"training": training, "budget": budget})
        stopwatch = _idle_machine_time(recipe.threads)
        problem = Samples(inputs, targets, grid=Grid.at_positions(*inputs.T))
        self.trainer = Trainer(brief, problem, model, stopwatch=stopwatch, rehearsed=True)

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        return self.trainer.clock.step

    @property
    def seconds(self) -> float:
        """Seconds of training, as on an idle machine: a check must not depend on what else runs."""
        return self.trainer.clock.seconds

    @property
    def finished(self) -> bool:
        """Whether the time or the steps are used up; one more step is still left to take."""
        return self.steps >= self._max_steps - 1 or self.seconds >= SECONDS

    @property
    def next_steps(self) -> int:
        """Steps of the next interval."""
        by_time = SECONDS / INTERVALS / (self.seconds / self.steps)
        return max(1, min(math.ceil(self._max_steps / INTERVALS), int(by_time), self._max_steps - 1 - self.steps))

    def advance(self, steps: int) -> float:
        """Take ``steps`` steps and return the mean squared error of their samples."""
        totals, samples = self.trainer.advance(steps)
        return totals.squared_error / (samples * self._channels)


def _idle_machine_time(threads: int) -> Callable[[], Callable[[], float]]:
    """Return a stopwatch of the seconds that training with ``threads`` threads would take on an idle machine."""

    def start() -> Callable[[], float]:
        before = _clocks()

        def elapsed() -> float:
            all_threads, this_thread, wall = (now - then for now, then in zip(_clocks(), before, strict=True))
            return max(all_threads / threads, this_thread, wall / PATIENCE, 1e-9)

        return elapsed

    return start


def _clocks() -> tuple[float, float, float]:
    return time.process_time(), time.thread_time(), time.perf_counter()
