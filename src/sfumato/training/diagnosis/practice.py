"""Trains a network for a moment: the recipe's own engine and pixel order, at its highest rate."""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.recipe import Recipe
from sfumato.training.engines import Task, choose, find
from sfumato.training.orders import SeededOrder

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


class Practice:
    """The recipe's own engine and pixel order, without evaluations."""

    def __init__(
        self, recipe: Recipe, coordinates: NDArray[np.float64], targets: NDArray[np.float64], model: nn.Module
    ) -> None:
        """(N, 2) coordinates and (N, C) colours; ``model`` may be trained in place."""
        self.pixels, self._channels = targets.shape
        self._engine = find(choose(recipe))(Task(recipe, coordinates, targets, model, recipe.threads))
        self._order = self._engine.order() or SeededOrder(recipe.training.order, self.pixels, recipe.seed)
        self._batch = self.pixels if recipe.training.batch == "all" else min(recipe.training.batch, self.pixels)
        self._warmup = min(recipe.training.schedule.warmup, LONGEST_WARMUP)
        self._most = max(VISITS * math.ceil(self.pixels / self._batch), FEWEST_STEPS)
        self._queue = np.empty(0, dtype=np.int64)
        self.weights, self.outputs = self._engine.weights, self._engine.outputs
        self._threads = recipe.threads
        self.steps = 0
        self.seconds = 0.0
        """Of work, as they would be on an idle machine: a check must not depend on what else runs."""

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
        start = self._clocks()
        squared, shown = 0.0, 0
        while steps > 0:
            if not len(self._queue):
                self._queue = self._order.epoch()
            some = min(steps, math.ceil(len(self._queue) / self._batch))
            pixels, self._queue = np.split(self._queue, [some * self._batch])
            squared += self._engine.advance(pixels, np.full(some, self._rate())).squared_error
            shown, steps, self.steps = shown + len(pixels), steps - some, self.steps + some
        all_threads, this_thread, wall = (now - then for now, then in zip(self._clocks(), start, strict=True))
        self.seconds += max(all_threads / self._threads, this_thread, wall / PATIENCE, 1e-9)
        return squared / (shown * self._channels)

    def _clocks(self) -> tuple[float, float, float]:
        return time.process_time(), time.thread_time(), time.perf_counter()

    def _rate(self) -> float:
        progress = max((self.steps + 0.5) / self._most, self.seconds / SECONDS)
        return min(progress / self._warmup, 1.0) if self._warmup else 1.0
