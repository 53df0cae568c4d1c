"""Carry a plan out: find each arm's learning rate, train the paired seeds, and give what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError
from sfumato.lab import execute, trainable
from sfumato.lab.folder import Folder
from sfumato.lab.measure import MEASURES
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.rates import best_of, scaled
from sfumato.lab.train import Learned
from sfumato.lab.trial import Key, Trial
from sfumato.recipe import Recipe, need, room
from sfumato.recipe.need import Size

LONGEST_FRAME = 200
"""Pixels of the longer side of the small paintings that a film of all arms is made of."""

FEWEST_MARKS, MOST_MARKS = 4, 12

MOST_STEPS = 60
"""Of full-batch training, that are looked at one by one."""


class StoppedError(Exception):
    """An experiment was asked to stop before its end. What had finished is in its folder."""


@dataclass(frozen=True)
class Experiment:
    """An experiment that was carried out, or as far as it came."""

    folder: Folder
    plan: Plan
    rows: dict[Key, dict[str, Any]]

    def factor(self, arm: Arm) -> float:
        """Of the arm's learning rates, the best one found; 1 where none was looked for."""
        means = rates_tried(self.plan, self.rows, arm)
        return best_of(means) if means else 1.0

    def results(self, arm: Arm) -> dict[int, dict[str, Any]]:
        """The rows of the arm's verdict by seed, those that failed or diverged included."""
        factor = self.factor(arm)
        found = ((seed, self.rows.get(Key("verdict", arm.name, seed, factor))) for seed in self.plan.seeds)
        return {seed: row for seed, row in found if row is not None}

    def scores(self, arm: Arm) -> dict[int, float]:
        """The plan's measure by seed, of the trainings that came to their end."""
        field = self.plan.measure.field
        return {seed: row[field] for seed, row in self.results(arm).items() if good(row)}


Watch = Callable[[int, int], None]
"""Told how far it is: (operations done, all that are known of). Operations of training; trials where unknown."""


def unwatched(done: int, total: int) -> None:
    """Nobody watches."""


def read(path: Path) -> Experiment:
    """The experiment in a folder. Raises RunError where there is none."""
    folder = Folder(path)
    plan = folder.plan() if path.exists() else None
    if plan is None:
        raise RunError(f"{path} must be the folder of an experiment. Got one without a plan.")
    return Experiment(folder, plan, folder.rows())


def carry_out(
    plan: Plan,
    learned: Learned,
    path: Path,
    *,
    workers: int = 0,
    watch: Watch = unwatched,
    stop: Callable[[], bool] = lambda: False,
    executor: execute.Executes | None = None,
) -> Experiment:
    """Train what is not in the folder yet. ``workers``: trials at a time (0: one a core).

    Raises RunError when the folder holds something else or cannot be written, StoppedError after ``stop`` has said so.
    """
    folder = Folder(path)
    workers = _at_once(plan, learned, workers or available_cores())
    how = execute.rule(plan)
    executor = executor or (execute.Threads(workers) if how == "threads" else execute.Processes(workers))
    order = {arm.name: number for number, arm in enumerate(plan.arms)}
    trainable.check(plan)
    with folder.taken(plan, learned if isinstance(learned, np.ndarray) else None):
        rows = folder.rows()
        noted = False
        while wanted := trials(plan, rows):
            missing = [trial for trial in wanted if trial.key not in rows]
            if missing and not noted:
                folder.note_machine(how, workers)
                noted = True
            watch(_work(plan, rows), _work(plan, rows) + _ahead(plan, rows))
            for outcome in executor(_longest_first(plan, missing), learned, stop):
                folder.write(outcome, order[outcome.key.arm])
                rows[outcome.key] = outcome.row
                watch(_work(plan, rows), _work(plan, rows) + _ahead(plan, rows))
            if stop():
                raise StoppedError
        return Experiment(folder, plan, rows)


def _at_once(plan: Plan, learned: Learned, workers: int) -> int:
    """As many workers as there is memory for: numbers do not depend on it. Raises RecipeError where not one trial fits.

    Only for pictures: the networks that learn digits are small.
    """
    bound = room.of_machine()
    if bound is None or not isinstance(learned, np.ndarray):
        return workers
    height, width, channels = learned.shape
    size = Size(width, height, channels)
    for arm in plan.arms:
        alone = arm.recipe.model_copy(update={"threads": 1})
        try:
            room.require("a trial", _trial, alone, size, bound)
        except RecipeError as error:
            raise RecipeError(f"arm {arm.name}: {error}") from None
        workers = max(1, min(workers, bound.most // _trial(alone, size)))
    return workers


def _trial(recipe: Recipe, size: Size) -> int:
    return need.training(recipe, size, kept=False)


def trials(plan: Plan, rows: dict[Key, dict[str, Any]]) -> list[Trial]:
    """What can be trained now that is not yet: rates of arms that have none, the verdict's seeds of those that do."""
    found: list[Trial] = []
    for arm in plan.arms:
        factor = chosen_factor(plan, rows, arm)
        if factor is None:
            assert plan.tuning is not None
            wanted = _factors_wanted(plan, rows, arm)
            keys = [Key("tuning", arm.name, seed, each) for each in wanted for seed in plan.tuning.seeds]
        else:
            keys = [Key("verdict", arm.name, seed, factor) for seed in plan.seeds]
        found += [trial_of(plan, key) for key in keys if key not in rows]
    return found


def trial_of(plan: Plan, key: Key) -> Trial:
    """What is to be trained for a key."""
    verdict = key.purpose == "verdict"
    base = scaled(plan.arm(key.arm).recipe, key.factor)
    evaluation = base.evaluation.model_copy(update={"every": "end"})
    # An arm's own seed is added: so all can be repeated on others, or one arm be given others than its neighbour.
    recipe = base.model_copy(update={"seed": base.seed + key.seed, "threads": 1, "evaluation": evaluation})
    looks = marks(recipe.budget.epochs, every_step=recipe.training.batch == "all") if verdict else ()
    frames = _frame_size(plan) if key.seed == plan.seeds[0] else None
    return Trial(key, recipe, looks, frames, plan.arm(key.arm).first)


def _frame_size(plan: Plan) -> tuple[int, int] | None:
    """(rows, columns) of small paintings; None where there is nothing to paint."""
    if plan.task != "picture":
        return None
    height, width = plan.picture["height"], plan.picture["width"]
    shrink = min(1.0, LONGEST_FRAME / max(height, width))
    return max(round(height * shrink), 2), max(round(width * shrink), 2)


def marks(epochs: float | None, *, every_step: bool = False) -> tuple[float, ...]:
    """Parts of the budget at which paintings are compared: dense early, as learning is fastest then.

    Painting the picture costs about a third of an epoch: all marks together at most a quarter of the training, or four.
    Where ``every_step`` is a whole epoch, each of a few is looked at: in one step of full-batch Rprop a network may go
    from untrained to saturated.
    """
    if every_step and epochs is not None and 1 <= epochs <= MOST_STEPS:
        return tuple(number / round(epochs) for number in range(1, round(epochs) + 1))
    count = FEWEST_MARKS if epochs is None else round(min(max(0.75 * epochs, FEWEST_MARKS), MOST_MARKS))
    return tuple((number / count) ** 2 for number in range(1, count + 1))


def chosen_factor(plan: Plan, rows: dict[Key, dict[str, Any]], arm: Arm) -> float | None:
    """The arm's best factor, None while it is not known."""
    if plan.tuning is None:
        return 1.0
    return None if _factors_wanted(plan, rows, arm) else best_of(rates_tried(plan, rows, arm))


def rates_tried(plan: Plan, rows: dict[Key, dict[str, Any]], arm: Arm) -> dict[float, float]:
    """The measure's mean over the tuning seeds by factor; -inf where one of them diverged or failed."""
    if plan.tuning is None:
        return {}
    found: dict[float, float] = {}
    for key in rows:
        if key.purpose == "tuning" and key.arm == arm.name and key.factor not in found:
            all_seeds = [rows.get(Key("tuning", arm.name, seed, key.factor)) for seed in plan.tuning.seeds]
            whole = [row for row in all_seeds if row is not None]
            if len(whole) == len(plan.tuning.seeds):
                every = all(good(row) for row in whole)
                found[key.factor] = float(np.mean([row[plan.measure.field] for row in whole])) if every else -math.inf
    return found


def good(row: dict[str, Any]) -> bool:
    """Whether training came to its end with a number."""
    return row["status"] == "finished" and any(row.get(each.field) is not None for each in MEASURES.values())


def _factors_wanted(plan: Plan, rows: dict[Key, dict[str, Any]], arm: Arm) -> list[float]:
    assert plan.tuning is not None
    means = rates_tried(plan, rows, arm)
    if missing := [factor for factor in plan.tuning.factors if factor not in means]:
        return missing
    more = plan.tuning.grow(means)
    return [] if more is None else [more]


def _longest_first(plan: Plan, wanted: Sequence[Trial]) -> list[Trial]:
    # So that no long one is left for a single core at the end.
    return sorted(wanted, key=lambda trial: -_operations(plan, trial.key))


def _operations(plan: Plan, key: Key) -> int:
    """Of training a trial, as far as they can be told before it."""
    arm = plan.arm(key.arm)
    budget, training = arm.recipe.budget, arm.recipe.training
    if arm.operations is None or budget.seconds is not None:
        return 1
    samples = plan.samples
    batch = samples if training.batch == "all" else training.batch
    limits = [] if budget.epochs is None else [budget.epochs * samples]
    limits += [] if budget.steps is None else [budget.steps * min(batch, samples)]
    return round(arm.operations * min(limits))


def _work(plan: Plan, keys: Iterable[Key]) -> int:
    return sum(_operations(plan, key) for key in keys)


def _ahead(plan: Plan, rows: dict[Key, dict[str, Any]]) -> int:
    """Operations of what is still to come, as far as it is known: grids may grow."""
    ahead = 0
    for arm in plan.arms:
        factor = chosen_factor(plan, rows, arm)
        seeds = [Key("verdict", arm.name, seed, 1.0 if factor is None else factor) for seed in plan.seeds]
        ahead += _work(plan, (key for key in seeds if key not in rows))
    return ahead + _work(plan, (trial.key for trial in trials(plan, rows) if trial.key.purpose == "tuning"))
