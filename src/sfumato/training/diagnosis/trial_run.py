"""Train a network for a moment: the recipe's own engine and pixel order, at its highest rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Budget, Recipe, choices
from sfumato.recipe.batching import Batching
from sfumato.training.samples import Samples
from sfumato.training.trainer import Trainer

SECONDS = 0.6
"""Of training; the rest of two seconds goes to building, measuring and starting."""

PATIENCE = 10
"""On a busy machine, where other programs take the processor, a trial may take so many times as long."""

VISITS = 24
"""A trial also ends when each of its pixels has been shown so often: on a quick machine it is always the same."""

FEWEST_STEPS = 60
"""Though not before so many steps, as long as there is time."""

LONGEST_WARMUP = 0.3
"""Part of the trial."""

PIECES = 24
"""Into so many pieces the steps are divided, to see how errors change."""


class TrialRun:
    """A `Trainer` on a few samples, in pieces; nothing is evaluated."""

    def __init__(
        self, recipe: Recipe, inputs: NDArray[np.float64], targets: NDArray[np.float64], model: nn.Module
    ) -> None:
        """(N, 2) inputs and (N, C) colors; ``model`` may be trained in place."""
        self.batching = Batching.of(recipe.training.batch, len(targets))
        self._channels = targets.shape[1]
        self._most = max(VISITS * self.batching.steps_per_epoch, FEWEST_STEPS)
        warmup = min(recipe.training.schedule.warmup, LONGEST_WARMUP)
        training = recipe.training.model_copy(update={"schedule": choices.Constant(warmup=warmup)})
        budget = Budget(steps=self._most, seconds=SECONDS)
        brief = recipe.model_copy(update={"training": training, "budget": budget})
        self.trainer = Trainer(brief, Samples(inputs, targets), model, timed=_work(recipe.threads), rehearsed=True)

    @property
    def steps(self) -> int:
        """Taken so far."""
        return self.trainer.clock.step

    @property
    def seconds(self) -> float:
        """Of work, as they would be on an idle machine: a check must not depend on what else runs."""
        return self.trainer.clock.seconds

    @property
    def over(self) -> bool:
        """Whether there is no time for more, or no need; one more step is left to take."""
        return self.steps >= self._most - 1 or self.seconds >= SECONDS

    @property
    def piece(self) -> int:
        """Steps to take next."""
        by_time = SECONDS / PIECES / (self.seconds / self.steps)
        return max(1, min(math.ceil(self._most / PIECES), int(by_time), self._most - 1 - self.steps))

    def advance(self, steps: int) -> float:
        """Take steps: the mean squared error of the samples that they showed."""
        sums, samples = self.trainer.advance(steps)
        return sums.squared_error / (samples * self._channels)


def _work(threads: int) -> Callable[[], Callable[[], float]]:
    """Stopwatches of the time that training takes where so many threads have the machine for themselves."""

    def start() -> Callable[[], float]:
        before = _clocks()

        def read() -> float:
            all_threads, this_thread, wall = (now - then for now, then in zip(_clocks(), before, strict=True))
            return max(all_threads / threads, this_thread, wall / PATIENCE, 1e-9)

        return read

    return start


def _clocks() -> tuple[float, float, float]:
    return time.process_time(), time.thread_time(), time.perf_counter()
