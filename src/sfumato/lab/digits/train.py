"""One training on digits: the engines, orders, schedules and budget of a picture's, and a test at marks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.lab.digits.data import Digits, Part
from sfumato.lab.digits.network import build
from sfumato.lab.trial import InterruptedTrialError, Outcome, Trial, identity
from sfumato.training import resolve, schedules
from sfumato.training.clock import Clock
from sfumato.training.divergence import Divergence
from sfumato.training.engines import Engine, Task, find
from sfumato.training.orders import SeededOrder

STEPS_BETWEEN_QUESTIONS = 256
"""After so many steps it is asked whether to stop: a few hundredths of a second."""


def train(trial: Trial, digits: Digits, stop: Callable[[], bool]) -> Outcome:
    """Train to the end of the budget in epochs or steps. Raises InterruptedTrialError after ``stop`` has said so."""
    recipe = resolve(trial.recipe)
    training, looked_at = digits.divided(trial.key.seed, tuning=trial.key.purpose == "tuning")
    targets = training.targets
    model = build(recipe, training.inputs.shape[1], targets.shape[1])
    engine = find(recipe.engine)(Task(recipe, training.inputs.astype(np.float64), targets, model, recipe.threads))
    samples = len(targets)
    order = SeededOrder(recipe.training.order, samples, recipe.seed)
    batch = samples if recipe.training.batch == "all" else min(recipe.training.batch, samples)
    clock = Clock(recipe.budget, math.ceil(samples / batch))
    last = clock.last_step
    assert last is not None, "the plan was checked"
    marks = {math.ceil(mark * last) for mark in trial.marks} | {last}
    divergence = Divergence(float(targets.var(axis=0).mean()), engine.weights)
    queue, shown, diverged = np.empty(0, np.int64), 0, False
    curve: list[dict[str, Any]] = []
    while clock.step < last and not diverged:
        if stop():
            raise InterruptedTrialError
        if not len(queue):
            queue = order.epoch()
        mark = min(each for each in marks if each > clock.step)
        steps = min(math.ceil(len(queue) / batch), mark - clock.step, STEPS_BETWEEN_QUESTIONS)
        rates = [schedules.factor(recipe.training.schedule, clock.progress_at(ahead + 0.5)) for ahead in range(steps)]
        numbers, queue = np.split(queue, [steps * batch])
        before = time.perf_counter()
        sums = engine.advance(numbers, np.array(rates))
        clock.spent(steps, time.perf_counter() - before)
        shown += len(numbers)
        mse = sums.squared_error / (len(numbers) * targets.shape[1])
        diverged = divergence.sees(mse, clock.progress, shown / samples, clock.step)
        if clock.step in marks or diverged:
            point = {"epoch": shown / samples, "samples": shown, "seconds": clock.seconds}
            curve.append({**point, **_measured(engine, looked_at)})
    row = {
        **identity(trial.key),
        "status": "diverged" if diverged else "finished",
        "reason": divergence.reason,
        **curve[-1],
        "step": clock.step,
        "engine": recipe.engine,
        "curve": curve if trial.marks else [],
    }
    return Outcome(trial.key, row, engine.weights(), (), None)


def _measured(engine: Engine, part: Part) -> dict[str, float | None]:
    """``accuracy`` in percent and ``mse``, the mean squared error of an output."""
    outputs: NDArray[np.floating] = engine.outputs(part.inputs.astype(np.float64))
    mse = float(np.mean((outputs - part.targets) ** 2, dtype=np.float64))
    if not math.isfinite(mse):
        return {"accuracy": None, "mse": None}
    return {"accuracy": 100 * float(np.mean(outputs.argmax(axis=1) == part.labels)), "mse": mse}
