"""Carry a plan out: find each arm's learning rate, train the paired seeds, and give what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError
from sfumato.lab import execute, trainable
from sfumato.lab.folder import Folder
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.rates import Rates, values_of, with_rates
from sfumato.lab.train import Learned
from sfumato.lab.trial import Key, Trial
from sfumato.lab.tuning import Rows, best_rates, chosen_rates, good, rates_tried, rates_wanted, typical_trials
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

    def rates(self, arm: Arm) -> Rates:
        """The arm's learning rates: the best ones found so far, its recipe's own where none are looked for."""
        tried = rates_tried(self.plan, self.rows, arm)
        return best_rates(tried) if tried else values_of(arm.recipe.training.optimizer)

    def results(self, arm: Arm) -> dict[int, dict[str, Any]]:
        """The rows of the arm's verdict by seed, those that failed or diverged included."""
        rates = self.rates(arm)
        found = ((seed, self.rows.get(Key("verdict", arm.name, seed, rates))) for seed in self.plan.seeds)
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


def run_plan(
    plan: Plan,
    learned: Learned,
    path: Path,
    *,
    workers: int = 0,
    watch: Watch = unwatched,
    stop: Callable[[], bool] = lambda: False,
    executor: execute.Executor | None = None,
    retry: bool = False,
) -> Experiment:
    """Train what is not in the folder yet. ``workers``: trials at a time (0: one a core); ``retry``: failed ones again.

    Raises RunError when the folder holds something else or cannot be written, or every trial failed; StoppedError after
    ``stop`` has said so.
    """
    folder = Folder(path)
    workers = _at_once(plan, learned, workers or available_cores())
    trainable.check(plan)
    order = {arm.name: number for number, arm in enumerate(plan.arms)}
    with ExitStack() as stack:
        stack.enter_context(folder.taken(plan, learned if isinstance(learned, np.ndarray) else None))
        rows = remembered(folder.rows(), retry=retry)
        _check_not_all_failed(rows)
        if (missing := trials(plan, rows)) and executor is None:
            executor = stack.enter_context(execute.executor(execute.rule(plan), workers))
        if missing and executor is not None:
            folder.note_machine(execute.name_of(executor), workers)
        while missing:
            assert executor is not None
            watch(_work(plan, rows), _work(plan, rows) + _ahead(plan, rows))
            for outcome in executor(_longest_first(plan, missing), learned, stop):
                folder.write(outcome, order[outcome.key.arm])
                rows[outcome.key] = outcome.row
                watch(_work(plan, rows), _work(plan, rows) + _ahead(plan, rows))
            if stop():
                raise StoppedError
            _check_not_all_failed(rows)
            missing = trials(plan, rows)
        return Experiment(folder, plan, rows)


def remembered(rows: Rows, *, retry: bool) -> dict[Key, dict[str, Any]]:
    """Return the rows that are not trained again: all of them, or with ``retry`` those that did not fail.

    A training that diverged did not fail: it would diverge again.
    """
    return {key: row for key, row in rows.items() if not (retry and row["status"] == "failed")}


def _check_not_all_failed(rows: Rows) -> None:
    if rows and all(row["status"] == "failed" for row in rows.values()):
        (reason, count), *others = Counter(str(row["reason"]) for row in rows.values()).most_common()
        most = f", {count} of them with this reason" if others else ""
        raise RunError(
            f"every trial failed, {len(rows)} of {len(rows)}{most}: {reason.removesuffix('.')}. Mend that, then train "
            "them again (--retry, retry=True)."
        )


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
        workers = max(1, min(workers, bound.max_bytes // _trial(alone, size)))
    return workers


def _trial(recipe: Recipe, size: Size) -> int:
    return need.training(recipe, size, writes_run=False)


def trials(plan: Plan, rows: Rows) -> list[Trial]:
    """What can be trained now that is not yet: rates of arms that have none, the verdict's seeds of those that do."""
    return [trial_of(plan, key) for key in keys_wanted(plan, rows)]


def keys_wanted(plan: Plan, rows: Rows) -> list[Key]:
    """The keys of `trials`."""
    found: list[Key] = []
    for arm in plan.arms:
        if wanted := rates_wanted(plan, rows, arm):
            found += [Key("tuning", arm.name, seed, rates) for rates in wanted for seed in plan.tuning_seeds]
        else:
            rates = chosen_rates(plan, rows, arm)
            assert rates is not None
            found += [Key("verdict", arm.name, seed, rates) for seed in plan.seeds]
    return [key for key in found if key not in rows]


def trial_of(plan: Plan, key: Key) -> Trial:
    """What is to be trained for a key."""
    verdict = key.purpose == "verdict"
    base = with_rates(plan.arm(key.arm).recipe, key.rates)
    evaluation = base.evaluation.model_copy(update={"interval": "end"})
    # An arm's own seed is added in the verdict: so all can be repeated on others, or one arm be given others than its
    # neighbor. In tuning it is not: arms that differ in nothing else must choose the same rates.
    seed = base.seed + key.seed if verdict else key.seed
    recipe = base.model_copy(update={"seed": seed, "threads": 1, "evaluation": evaluation})
    looks = marks(recipe.budget.epochs, every_step=recipe.training.batch == "all") if verdict else ()
    frames = _frame_size(plan) if verdict and key.seed == plan.seeds[0] else None
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


def _ahead(plan: Plan, rows: Rows) -> int:
    """Operations of what is still to come; of a search for learning rates as many as are typical."""
    known = [key for key in keys_wanted(plan, rows) if key.purpose == "verdict"]
    ahead = _work(plan, known)
    for arm in plan.arms:
        if tuning := typical_trials(plan, rows, arm):
            whole = tuning + len(plan.seeds)
            ahead += whole * _operations(plan, Key("verdict", arm.name, plan.seeds[0], ()))
    return ahead
