"""Carrying out a sweep: configurations are suggested, trained, and told, several at a time, until there are enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError
from sfumato.lab.arms import Picture, values_of
from sfumato.lab.executors import select
from sfumato.lab.executors.executor import Executor, ReportingExecutor, name_of
from sfumato.lab.experiment import StoppedError, Watch, ignore_progress, require_outcome, require_outcomes
from sfumato.lab.sweep import study as studies
from sfumato.lab.sweep.folder import Folder
from sfumato.lab.sweep.results import Sweep, results_of
from sfumato.lab.sweep.space import recipe_of
from sfumato.lab.sweep.spec import Spec
from sfumato.lab.sweep.tries import Tries
from sfumato.recipe import Recipe

MAX_CONFIGURATIONS = 1_000_000


def run_sweep(
    spec: Spec,
    pictures: Sequence[Picture],
    path: Path,
    count: int,
    *,
    storage: str | None = None,
    workers: int = 0,
    executor: Executor | str | None = None,
    watch: Watch = ignore_progress,
    stop: Callable[[], bool] = lambda: False,
) -> Sweep:
    """Try configurations until there are ``count``, and return the sweep; those of the folder count.

    ``workers``: trainings at a time, one thread each (0: one per core); ``executor``: where they train, see
    `executors.select.opened`. What a killed process was training is trained again. Raises RunError; StoppedError after
    ``stop`` returns true, when all that were finished are kept.
    """
    if not 1 <= count <= MAX_CONFIGURATIONS:
        raise RecipeError(f"trials must be 1 to {MAX_CONFIGURATIONS:,}. Got {count}.")
    if spec.sampler == "grid":
        count = min(count, spec.space.size)
    folder = Folder(path)
    learned = values_of(pictures)
    address = storage or studies.default_storage(path)
    shown = None if storage is None else studies.without_password(storage)
    if select.is_local(executor):
        workers = workers or available_cores()
    context = select.opened(executor, lambda: _recipes(spec), workers)
    with ExitStack() as stack:
        train = stack.enter_context(context)
        reporting = None if spec.pruner == "none" else _reporting(train)
        stack.enter_context(folder.locked(spec, shown))
        database = stack.enter_context(studies.opened(spec, address, spec.id))
        folder.begin(spec, shown, learned)
        # Nobody else trains for a database in the folder, whose lock is held.
        study, owner = database.study, None if storage is None else studies.owner(path)
        study.set_user_attr(studies.TRIALS, count)
        studies.requeue_abandoned(study, owner)
        if spec.sampler == "grid":
            studies.queue_grid(study, spec.space)
        left = max(count - len(studies.finished(study)), 0)
        tries = Tries(spec, folder, database, studies.owner(path), left)
        watch(count - tries.missing, count)
        outcomes = (
            train(tries.trials(), learned, stop)
            if reporting is None
            else reporting(tries.trials(), learned, stop, report=tries.report)
        )
        for outcome in require_outcomes(outcomes, train):
            require_outcome(outcome, train)
            tries.take(outcome)
            watch(count - tries.missing, count)
        if stop():
            studies.requeue_abandoned(study, owner)
            raise StoppedError
        if tries.missing:
            studies.requeue_abandoned(study, owner)
            raise RunError(
                f"the executor {name_of(train)} must yield an outcome for each trial. Got none for those of "
                f"{tries.missing} configurations."
            )
        found = results_of(folder, spec, study)
        _check_not_all_failed(found)
        return found


def _recipes(spec: Spec) -> list[Recipe]:
    """Return recipes of the space that together have every choice of it, to choose where they are trained."""
    return [spec.base, *(recipe_of(spec.base, chosen) for chosen in spec.space.examples())]


def _reporting(executor: Executor) -> ReportingExecutor:
    from inspect import Parameter, signature

    parameters = signature(executor).parameters.values()
    if not any(each.name == "report" or each.kind is Parameter.VAR_KEYWORD for each in parameters):
        raise RecipeError(
            "pruner must be none for an executor without the parameter report, by which trainings are ended early."
        )
    return executor  # pyright: ignore[reportReturnType]


def _check_not_all_failed(found: Sweep) -> None:
    if found.configurations and all(each.results["status"] == "failed" for each in found.configurations):
        reason = str(found.configurations[0].results["reason"]).removesuffix(".")
        raise RunError(f"every configuration failed, {len(found.configurations)} of them: {reason}.")
