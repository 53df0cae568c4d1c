"""A forecast of an experiment: its number of trials, and their time, measured by training each arm for a moment."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sfumato.cores import available_cores
from sfumato.lab.experiment import rows_to_keep, trial_of, trials
from sfumato.lab.folder import Folder
from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.rates import values_of
from sfumato.lab.train import Learned, target_of, train
from sfumato.lab.trial import Key, Trial
from sfumato.lab.tuning import coming, suggestions_to_come
from sfumato.recipe import changed
from sfumato.recipe.description import TRAINING_PER_FORWARD

MEASURED_SECONDS = 0.05
"""Seconds of training by which an arm's seconds per sample are measured."""

ASSUMED_FLOPS = 10e9
"""Assumed floating-point operations per second, by which the steps of that training are chosen."""

MEASURING_LIMIT = 3.0
"""Seconds of measuring after which further arms are estimated by their operations."""


SUGGESTION_SECONDS = 0.2
"""Assumed seconds in which Optuna suggests a setting."""


@dataclass(frozen=True)
class Forecast:
    """Trials that remain, and the time that they will take."""

    done: int
    left: int
    """Remaining trials; a search on a grid counts as a typical one."""
    tuning: int
    """Those of them that search for learning rates, or other tuned numbers."""
    seconds: float | None
    """With ``workers`` trials at a time; None where nothing could be measured."""
    workers: int


def forecast(plan: Plan, learned: Learned, path: Path, workers: int = 0, *, retry: bool = False) -> Forecast:
    """Measure each arm that has trials left; return the forecast. Raises RunError for a folder of something else."""
    folder = Folder(path)
    rows = rows_to_keep(folder.rows(), retry=retry) if folder.of(plan) is not None else {}
    remaining = [trial for trial in trials(plan, rows) if trial.key.purpose == "verdict"]
    tuning = suggestions = 0
    for arm in plan.arms:
        suggestions += suggestions_to_come(plan, rows, arm)
        if fractions := coming(plan, rows, arm):
            tuning += len(fractions)
            # Trials of a search are evaluated at their end only.
            of_fraction = {each: replace(_trial(plan, arm, each), marks=()) for each in set(fractions)}
            remaining += [of_fraction[each] for each in fractions] + _verdict_trials(plan, arm)
    workers = min(workers or available_cores(), max(len(remaining), 1))
    names = {trial.key.arm for trial in remaining}
    seconds_per_sample = _measure_arms(plan, [arm for arm in plan.arms if arm.name in names], learned)
    if not remaining or any(name not in seconds_per_sample for name in names):
        return Forecast(len(rows), len(remaining), tuning, None if remaining else 0.0, workers)
    seconds = sum(_seconds(plan, trial, seconds_per_sample[trial.key.arm]) for trial in remaining)
    # The driver suggests, one setting after the other.
    seconds = seconds / workers + SUGGESTION_SECONDS * suggestions
    return Forecast(len(rows), len(remaining), tuning, seconds, workers)


def _measure_arms(plan: Plan, arms: list[Arm], learned: Learned) -> dict[str, float]:
    """Return the seconds per sample by arm, without arms of unknown cost."""
    found: dict[str, float] = {}
    start = time.perf_counter()
    for arm in arms:
        # A custom network may do anything, even end the process, so it is not measured.
        if arm.operations is None or time.perf_counter() - start > MEASURING_LIMIT:
            continue
        seconds_per_sample = _measure(plan, arm, arm.operations, learned)
        if seconds_per_sample is not None:
            found[arm.name] = seconds_per_sample
    seconds_per_operation = [found[arm.name] / arm.operations for arm in arms if arm.operations and arm.name in found]
    for arm in arms:
        if arm.operations is not None and arm.name not in found and seconds_per_operation:
            found[arm.name] = arm.operations * float(np.median(seconds_per_operation))
    return found


def _measure(plan: Plan, arm: Arm, operations: int, learned: Learned) -> float | None:
    trial = _trial(plan, arm)
    samples = plan.samples(trial.key.picture)
    batch = samples if trial.recipe.training.batch == "all" else trial.recipe.training.batch
    steps = max(1, round(MEASURED_SECONDS * ASSUMED_FLOPS / (operations * batch)))
    # Limit the seconds too: a small network takes longer than its operations suggest.
    recipe = changed(trial.recipe, {"budget": {"steps": steps, "seconds": 2 * MEASURED_SECONDS}})
    measured = Trial(trial.key, recipe, (), None)
    row = train(measured, target_of(measured, learned)).row
    return row["seconds"] / row["samples"] if row.get("samples") else None


def _trial(plan: Plan, arm: Arm, fraction: float = 1.0) -> Trial:
    """Return a trial of the verdict, or of part of its budget, at the arm's stated values: tuned ones cost the same."""
    # Of a picture of median size: it is measured in its place of all.
    ordered = sorted(plan.verdict_units, key=lambda unit: plan.samples(unit[0]))
    return _trial_on(plan, arm, ordered[len(ordered) // 2], fraction)


def _verdict_trials(plan: Plan, arm: Arm) -> list[Trial]:
    return [_trial_on(plan, arm, unit) for unit in plan.verdict_units]


def _trial_on(plan: Plan, arm: Arm, unit: Unit, fraction: float = 1.0) -> Trial:
    picture, seed = unit
    rates = values_of(arm.recipe.training.optimizer)
    return trial_of(plan, Key("verdict", arm.name, seed, rates, picture, fraction=fraction))


def _seconds(plan: Plan, trial: Trial, seconds_per_sample: float) -> float:
    budget = trial.recipe.budget
    samples = plan.samples(trial.key.picture)
    batch = samples if trial.recipe.training.batch == "all" else min(trial.recipe.training.batch, samples)
    limits = [] if budget.epochs is None else [budget.epochs * samples * seconds_per_sample]
    limits += [] if budget.steps is None else [budget.steps * batch * seconds_per_sample]
    limits += [] if budget.seconds is None else [budget.seconds]
    # Every mark, and the end, takes one forward pass over all samples.
    evaluations = (len(trial.marks) + 1) * samples * seconds_per_sample / TRAINING_PER_FORWARD
    return min(limits, default=math.nan) + evaluations
