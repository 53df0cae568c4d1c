"""Makes a trial."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.engines import Task, choose, find
from sfumato.training.health.gauge import Gauge
from sfumato.training.health.places import few_pixels
from sfumato.training.held_out import count_held_out
from sfumato.training.orders import SeededOrder
from sfumato.training.rehearsal import rehearse

PIXELS = 4096
"""At most so many are shown."""

FULL_BATCH_PIXELS = 1024
"""The same where each step takes all pixels: of a step of 4,096 there is no time for enough."""

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


def tried(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module | None = None) -> Trial:
    """Train for about `SECONDS` seconds; ``recipe`` resolved, ``picture`` (H, W, C). ``model`` is left as it was.

    The rate is the recipe's highest, after a warm-up where it has one. Raises RecipeError when the module does not fit
    the picture.
    """
    height, width, channels = picture.shape
    pixels = height * width - count_held_out(recipe, height, width)
    if model is None:
        model = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
    try:
        model = copy.deepcopy(model)
        if recipe.model.module is not None:
            rehearse(recipe, model, channels, pixels)
            models.materialized(model, recipe.seed)
        gauge = Gauge(recipe, picture, model, PIXELS)
        training = _Training(recipe, picture, model)
        first = training.weights()
        before = gauge.measure(first)
    except (RuntimeError, TypeError) as error:
        if recipe.model.module is None:
            raise
        reason = " ".join(str(error).split())
        raise RecipeError(f"the network must be one that can be copied. {recipe.model.module} says: {reason}") from None
    errors = [training.advance(1)]
    while not training.over:
        errors.append(training.advance(training.piece))
    last = training.weights()
    training.advance(1)
    weights = training.weights()
    after = gauge.measure(weights)
    names = [layer.weight for layer in before.layers]
    return Trial(
        engine=recipe.engine,
        pixels=training.pixels,
        steps=training.steps,
        seconds=training.seconds,
        before=before,
        after=after,
        errors=tuple(errors),
        updates=tuple(_change(last, weights, name) for name in names),
        moved=tuple(_change(first, weights, name) for name in names),
        planned_steps=_planned(recipe, pixels, training),
    )


class _Training:
    """The recipe's own engine and pixel order, without evaluations."""

    def __init__(self, recipe: Recipe, picture: NDArray[np.floating], model: nn.Module) -> None:
        whole = recipe.training.batch == "all"
        coordinates, targets = few_pixels(recipe, picture, FULL_BATCH_PIXELS if whole else PIXELS)
        self.pixels, self._channels = targets.shape
        self._engine = find(choose(recipe))(Task(recipe, coordinates, targets, model, recipe.threads))
        self._order = self._engine.order() or SeededOrder(recipe.training.order, self.pixels, recipe.seed)
        self._batch = self.pixels if recipe.training.batch == "all" else min(recipe.training.batch, self.pixels)
        self._warmup = min(recipe.training.schedule.warmup, LONGEST_WARMUP)
        self._most = max(VISITS * math.ceil(self.pixels / self._batch), FEWEST_STEPS)
        self._queue = np.empty(0, dtype=np.int64)
        self.weights = self._engine.weights
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


def _planned(recipe: Recipe, pixels: int, training: _Training) -> float | None:
    """Steps of the recipe's budget on all pixels that are trained on, at the pace of the trial."""
    budget, batch = recipe.budget, recipe.training.batch
    steps_an_epoch = 1 if batch == "all" else math.ceil(pixels / min(batch, pixels))
    slower = max(pixels / training.pixels, 1.0) if batch == "all" else 1.0
    limits = [
        None if budget.epochs is None else budget.epochs * steps_an_epoch,
        budget.steps,
        None if budget.seconds is None else budget.seconds * training.steps / max(training.seconds * slower, 1e-9),
    ]
    return min((float(each) for each in limits if each is not None), default=None)


def _change(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]], name: str) -> float:
    before, after = (np.asarray(each[name], np.float64) for each in (one, other))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return float(np.linalg.norm(after - before) / np.linalg.norm(before))
