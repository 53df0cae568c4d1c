"""The time of an epoch of MNIST and of the picture of 2012 with the same hidden layers, measured alternately."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sfumato.lab.digits.problem import build
from sfumato.lab.questions import mnist_claim as claim
from sfumato.recipe import Recipe, changed
from sfumato.training import resolve
from sfumato.training.engines import Engine, Task, find

ROUNDS = 15
"""Rounds, in each of which both tasks are timed once."""

SAMPLES = 4096
"""Least number of samples trained per turn, and of distinct samples; their values do not matter to the time."""


@dataclass(frozen=True)
class EpochTime:
    """Seconds of an epoch of both tasks, each the median over the rounds, scaled to an epoch."""

    digits: float
    picture: float
    ratio: float
    """MNIST's seconds over the picture's, the median of the ratios within rounds."""
    rounds: int
    steps: int
    """Steps per turn."""
    engine: str
    threads: int
    batch: int


def measure(recipe: Recipe, stop: Callable[[], bool] = lambda: False) -> EpochTime:
    """Time both tasks with the recipe's batch, optimizer and activation. ``stop`` ends it after the current round."""
    wide = resolve(changed(recipe, {"model": {"width": list(claim.WIDTHS)}}))
    batch = SAMPLES if wide.training.batch == "all" else wide.training.batch
    steps = math.ceil(SAMPLES / batch)
    tasks = [
        (claim.MNIST_INPUTS, claim.MNIST_OUTPUTS, claim.MNIST_SAMPLES),
        (claim.PICTURE_INPUTS, claim.PICTURE_OUTPUTS, claim.PIXELS),
    ]
    engines = [_engine(wide, inputs, outputs) for inputs, outputs, _ in tasks]
    epochs = [samples / (steps * batch) for _, _, samples in tasks]
    order = np.arange(steps * batch) % SAMPLES
    seconds: list[list[float]] = []
    for number in range(ROUNDS + 1):
        turn: list[float] = []
        for engine, turns_per_epoch in zip(engines, epochs, strict=True):
            before = time.perf_counter()
            engine.advance(order, np.ones(steps))
            turn.append((time.perf_counter() - before) * turns_per_epoch)
        # The first round warms up the caches.
        if number:
            seconds.append(turn)
        if number and stop():
            break
    of_digits, of_picture = zip(*seconds, strict=True)
    ratio = float(np.median([digits / picture for digits, picture in seconds]))
    return EpochTime(
        float(np.median(of_digits)),
        float(np.median(of_picture)),
        ratio,
        len(seconds),
        steps,
        wide.engine,
        wide.threads,
        batch,
    )


def _engine(recipe: Recipe, inputs: int, outputs: int) -> Engine:
    random = np.random.default_rng(0)
    sample_inputs, targets = random.random((SAMPLES, inputs)), random.random((SAMPLES, outputs))
    return find(recipe.engine)(Task(recipe, sample_inputs, targets, build(recipe, inputs, outputs), recipe.threads))
