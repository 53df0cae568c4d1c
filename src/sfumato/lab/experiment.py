"""Execution of a plan: tune each arm's learning rate, train the paired seeds, and return the results."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError
from sfumato.lab import trainable, trial_tables
from sfumato.lab.digits.data import Digits
from sfumato.lab.executors import select
from sfumato.lab.executors.executor import Executor, name_of
from sfumato.lab.folder import Folder
from sfumato.lab.pending import pending_keys
from sfumato.lab.plan import PICTURE_STRIDE, Arm, Plan, Unit
from sfumato.lab.setting import Rates, Setting
from sfumato.lab.train import Learned
from sfumato.lab.trial import Key, Outcome, Trial, key_at
from sfumato.lab.tuned_fields import at_upper_ends, with_setting
from sfumato.lab.tuning import Rows, best_setting, good
from sfumato.lab.work import Work, operations
from sfumato.recipe import Budget, Recipe, memory_check, memory_estimate
from sfumato.recipe.memory_estimate import Size
from sfumato.tables import Table

LONGEST_FRAME = 200
"""Longer side, in pixels, of the small paintings of which the film of all arms is made."""

FEWEST_MARKS, MOST_MARKS = 4, 12

MOST_STEPS = 60
"""Full-batch trainings of at most this many steps are evaluated after each step."""


class StoppedError(Exception):
    """An experiment was stopped before its end. Trials that had finished are in its folder."""


@dataclass(frozen=True)
class Experiment:
    """A plan and the rows of its trials, all or as many as have ended."""

    folder: Folder
    plan: Plan
    rows: dict[Key, dict[str, Any]]

    def setting(self, arm: Arm) -> Setting:
        """Return the arm's tuned values: the best ones so far, or the recipe's where there is no tuning."""
        return best_setting(self.plan, self.rows, arm)

    def rates(self, arm: Arm) -> Rates:
        """Return the arm's learning rates: the best ones so far, or the recipe's where there is no tuning."""
        return self.setting(arm).rates

    def results(self, arm: Arm) -> dict[Unit, dict[str, Any]]:
        """Return the rows of the arm's verdict trials by (picture, seed), including those that failed or diverged."""
        setting = self.setting(arm)
        keys = (key_at("verdict", arm.name, unit, setting) for unit in self.plan.verdict_units)
        return {key.unit: self.rows[key] for key in keys if key in self.rows}

    def scores(self, arm: Arm) -> dict[Unit, float]:
        """Return the plan's measure by (picture, seed), for the trials that finished."""
        field = self.plan.measure.field
        return {unit: row[field] for unit, row in self.results(arm).items() if good(row)}

    def trials(self) -> Table:
        """Return one row per trial, tuning and failed ones included: arm, picture, seed, scores, costs, rates."""
        return trial_tables.trials(self.plan, self.rows)

    def curves(self) -> Table:
        """Return one row per mark of each verdict trial: arm, picture, seed, epoch, samples, seconds, score."""
        return trial_tables.curves(self.plan, {arm.name: self.results(arm) for arm in self.plan.arms})


Watch = Callable[[int, int], None]
"""Called with (operations done, operations known of); counts trials where operations are unknown."""


def ignore_progress(done: int, total: int) -> None:
    """Do nothing with the progress."""


def load_experiment(path: str | Path) -> Experiment:
    """Return the experiment in a folder. Raises RunError if there is none."""
    folder = Folder(Path(path))
    plan = folder.plan()
    if plan is None:
        raise RunError(f"{path} must be the folder of an experiment. Got one without a plan.")
    return Experiment(folder, plan, folder.rows())


def run_plan(
    plan: Plan,
    learned: Learned,
    path: Path,
    *,
    workers: int = 0,
    watch: Watch = ignore_progress,
    stop: Callable[[], bool] = lambda: False,
    executor: Executor | str | None = None,
    retry: bool = False,
) -> Experiment:
    """Train the trials that are not in the folder yet, and return the experiment.

    ``workers``: trials at a time (0: one per core); ``executor``: where they train, see `executors.select.opened`;
    ``retry``: train failed trials again. Raises RunError when the folder holds something else or cannot be written, or
    every trial failed; StoppedError after ``stop`` returns true.
    """
    folder = Folder(path)
    if select.is_local(executor):
        workers = _worker_count(plan, learned, workers or available_cores())
    trainable.check(plan)
    recipes = [arm.recipe for arm in plan.arms]
    context = select.opened(executor, lambda: recipes, workers)
    order = {arm.name: number for number, arm in enumerate(plan.arms)}
    with ExitStack() as stack:
        stack.enter_context(folder.locked(plan, () if isinstance(learned, Digits) else learned))
        rows = rows_to_keep(folder.rows(), retry=retry)
        _check_not_all_failed(rows)
        train: Executor | None = None
        while missing := trials(plan, rows):
            if train is None:
                train = stack.enter_context(context)
                folder.note_machine(name_of(train), workers)
            work = Work(plan, rows)
            watch(work.done, work.total)
            before = len(rows)
            for outcome in require_outcomes(train(_longest_first(plan, missing), learned, stop), train):
                require_outcome(outcome, train)
                folder.write(outcome, order[outcome.key.arm])
                rows[outcome.key] = outcome.row
                work.add(outcome.key, rows)
                watch(work.done, work.total)
            if stop():
                raise StoppedError
            if len(rows) == before:
                # The same trials would be handed over again and again.
                raise RunError(
                    f"the executor {name_of(train)} must yield an outcome for each trial. Got none for "
                    f"{len(missing)} of them."
                )
            _check_not_all_failed(rows)
        return Experiment(folder, plan, rows)


def require_outcomes(outcomes: object, executor: Executor) -> Iterable[Any]:
    """Return what an executor returned. Raises RunError unless outcomes can be taken from it."""
    if not isinstance(outcomes, Iterable):
        name = type(outcomes).__name__
        raise RunError(
            f"the executor {name_of(executor)} must yield outcomes, as train(...) returns. Got {name}; write a "
            "generator, or return a list of them."
        )
    return cast("Iterable[Any]", outcomes)


def require_outcome(outcome: object, executor: Executor) -> None:
    """Raise RunError unless an executor has yielded an outcome."""
    if not isinstance(outcome, Outcome):
        name = type(outcome).__name__
        raise RunError(f"the executor {name_of(executor)} must yield outcomes, as train(...) returns. Got {name}.")


def rows_to_keep(rows: Rows, *, retry: bool) -> dict[Key, dict[str, Any]]:
    """Return the rows that are not trained again: all of them, or with ``retry`` those that did not fail.

    A training that diverged did not fail: it would diverge again.
    """
    return {key: row for key, row in rows.items() if not (retry and row["status"] == "failed")}


def _check_not_all_failed(rows: Rows) -> None:
    if rows and all(row["status"] == "failed" for row in rows.values()):
        (reason, count), *others = Counter(str(row["reason"]) for row in rows.values()).most_common()
        most = f", {count} of them with this reason" if others else ""
        raise RunError(
            f"every trial failed, {len(rows)} of {len(rows)}{most}: {reason.removesuffix('.')}. Fix that, then train "
            "them again (--retry, retry=True)."
        )


def _worker_count(plan: Plan, learned: Learned, workers: int) -> int:
    """Return how many trials fit into memory at once; the numbers do not depend on it.

    Only pictures are checked: the networks that learn digits are small. Raises RecipeError if not one trial fits.
    """
    bound = memory_check.of_machine()
    if bound is None or isinstance(learned, Digits):
        return workers
    height, width, channels = max((picture.shape for picture in learned), key=math.prod)
    size = Size(width, height, channels)
    for arm in plan.arms:
        largest = at_upper_ends(arm.recipe, plan.tuned_fields(arm.name))
        alone = largest.model_copy(update={"threads": 1})
        try:
            memory_check.require("a trial", _trial_bytes, alone, size, bound)
        except RecipeError as error:
            raise RecipeError(f"arm {arm.name}: {error}") from None
        workers = max(1, min(workers, bound.max_bytes // _trial_bytes(alone, size)))
    return workers


def _trial_bytes(recipe: Recipe, size: Size) -> int:
    return memory_estimate.training(recipe, size, writes_run=False)


def trials(plan: Plan, rows: Rows) -> list[Trial]:
    """Return the trials that can start now: tuning of arms whose search goes on, else the seeds of the verdict."""
    return [trial_of(plan, key) for key in pending_keys(plan, rows)]


def trial_of(plan: Plan, key: Key) -> Trial:
    """Return the trial of a key."""
    verdict = key.purpose == "verdict"
    base = with_setting(plan.arm(key.arm).recipe, plan.tuned_fields(key.arm), key.setting)
    evaluation = base.evaluation.model_copy(update={"interval": "end"})
    # The verdict adds an arm's own seed, so that it can be repeated on other seeds, or arms can differ in seeds. Tuning
    # does not: arms that differ in nothing else must choose the same rates. No two pictures share a seed, so that the
    # differences on pictures are independent.
    seed = base.seed + key.seed + PICTURE_STRIDE * key.picture if verdict else key.seed
    budget = _part(base.budget, plan.epochs_factor(key.picture), key.fraction)
    picture = base.picture.model_copy(update={"source": plan.pictures[key.picture]["source"]})
    recipe = base.model_copy(
        update={"seed": seed, "threads": 1, "evaluation": evaluation, "budget": budget, "picture": picture}
    )
    marks_ = marks(recipe.budget.epochs, every_step=recipe.training.batch == "all") if verdict else ()
    frames = _frame_size(plan, key.picture) if verdict and key.seed == plan.seeds[0] else None
    return Trial(key, recipe, marks_, frames, plan.arm(key.arm).first)


def _part(budget: Budget, epochs_factor: float, fraction: float) -> Budget:
    """Return the budget with its epochs times a factor, and a fraction of all of it; at least one step."""
    part: dict[str, Any] = {}
    if budget.epochs is not None:
        part["epochs"] = budget.epochs * epochs_factor * fraction
    if budget.steps is not None:
        part["steps"] = max(1, round(budget.steps * fraction))
    if budget.seconds is not None:
        part["seconds"] = budget.seconds * fraction
    return budget.model_copy(update=part)


def _frame_size(plan: Plan, picture: int) -> tuple[int, int] | None:
    """Return the (rows, columns) of small paintings, or None where there is nothing to paint."""
    if plan.task != "picture":
        return None
    height, width = plan.pictures[picture]["height"], plan.pictures[picture]["width"]
    shrink = min(1.0, LONGEST_FRAME / max(height, width))
    return max(round(height * shrink), 2), max(round(width * shrink), 2)


def marks(epochs: float | None, *, every_step: bool = False) -> tuple[float, ...]:
    """Return the fractions of the budget at which paintings are evaluated: dense early, where learning is fastest.

    Painting the picture costs about a third of an epoch: all marks together cost at most a quarter of the training, or
    there are four of them. Where ``every_step`` is a whole epoch, each of a few steps is evaluated: in one step of
    full-batch Rprop a network may go from untrained to saturated.
    """
    if every_step and epochs is not None and 1 <= epochs <= MOST_STEPS:
        return tuple(number / round(epochs) for number in range(1, round(epochs) + 1))
    count = FEWEST_MARKS if epochs is None else round(min(max(0.75 * epochs, FEWEST_MARKS), MOST_MARKS))
    return tuple((number / count) ** 2 for number in range(1, count + 1))


def _longest_first(plan: Plan, pending: Sequence[Trial]) -> list[Trial]:
    # Long trials first, so that none is left for a single core at the end.
    return sorted(pending, key=lambda trial: -operations(plan, trial.key))
