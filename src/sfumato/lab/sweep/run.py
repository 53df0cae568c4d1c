"""Carrying out a sweep: configurations are suggested, trained, and told, several at a time, until there are enough."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sfumato.cores import available_cores
from sfumato.errors import RecipeError, RunError, SfumatoError
from sfumato.lab import arms
from sfumato.lab.arms import Picture, values_of
from sfumato.lab.experiment import LONGEST_FRAME, StoppedError, Watch, ignore_progress, marks
from sfumato.lab.rates import values_of as rates_of
from sfumato.lab.sweep import study as studies
from sfumato.lab.sweep.folder import Folder
from sfumato.lab.sweep.results import Sweep, results_of
from sfumato.lab.sweep.space import recipe_of
from sfumato.lab.sweep.spec import Spec
from sfumato.lab.train import goes_on, train
from sfumato.lab.trial import InterruptedTrialError, Key, PrunedTrialError, Trial
from sfumato.lab.tuning import good
from sfumato.recipe import Recipe, memory_check, memory_estimate, to_string
from sfumato.recipe.memory_estimate import Size

if TYPE_CHECKING:
    import optuna

WORST_PSNR = 0.0
"""PSNR, in dB, that a configuration counts with which diverged or failed: that of a wholly wrong painting."""

MAX_CONFIGURATIONS = 1_000_000


def run_sweep(
    spec: Spec,
    pictures: Sequence[Picture],
    path: Path,
    count: int,
    *,
    storage: str | None = None,
    workers: int = 0,
    watch: Watch = ignore_progress,
    stop: Callable[[], bool] = lambda: False,
) -> Sweep:
    """Try configurations until there are ``count``, and return the sweep; those of the folder count.

    ``workers``: configurations at a time, one thread each (0: one per core). What a killed process was training is
    trained again. Raises RunError; StoppedError after ``stop`` returns true, when all that were finished are kept.
    """
    if not 1 <= count <= MAX_CONFIGURATIONS:
        raise RecipeError(f"trials must be 1 to {MAX_CONFIGURATIONS:,}. Got {count}.")
    if spec.sampler == "grid":
        count = min(count, spec.space.size)
    folder = Folder(path)
    learned = values_of(pictures)
    address = storage or studies.default_storage(path)
    shown = None if storage is None else studies.without_password(storage)
    with folder.locked(spec, shown), studies.opened(spec, address, spec.id) as database:
        folder.begin(spec, shown, learned)
        # Nobody else trains for a database in the folder, whose lock is held.
        study, owner = database.study, None if storage is None else studies.owner(path)
        study.set_user_attr(studies.TRIALS, count)
        studies.requeue_abandoned(study, owner)
        if spec.sampler == "grid":
            studies.queue_grid(study, spec.space)
        runner = _Runner(spec, learned, folder, database, studies.owner(path), stop)
        done = len(studies.finished(study))
        watch(done, count)
        workers = _worker_count(spec, workers or available_cores())
        with ThreadPoolExecutor(workers, "sfumato-sweep", initializer=torch.set_num_threads, initargs=(1,)) as pool:
            pending = {pool.submit(runner.try_one) for _ in range(min(workers, count - done))}
            started = done + len(pending)
            try:
                while pending:
                    ended, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in ended:
                        if not future.result():
                            continue
                        done += 1
                        watch(done, count)
                        if started < count and not stop():
                            pending.add(pool.submit(runner.try_one))
                            started += 1
            finally:
                runner.left = True
        if stop():
            studies.requeue_abandoned(study, owner)
            raise StoppedError
        found = results_of(folder, spec, study)
        _check_not_all_failed(found)
        return found


def _worker_count(spec: Spec, workers: int) -> int:
    """Return how many configurations are trained at once: one where a network may draw from the global generator."""
    fields = {axis.field for axis in spec.space.axes}
    return 1 if spec.base.model.module is not None or "model.module" in fields else workers


def _check_not_all_failed(found: Sweep) -> None:
    if found.configurations and all(each.results["status"] == "failed" for each in found.configurations):
        reason = str(found.configurations[0].results["reason"]).removesuffix(".")
        raise RunError(f"every configuration failed, {len(found.configurations)} of them: {reason}.")


class _Runner:
    """Trains one configuration after another; thread-safe."""

    def __init__(
        self,
        spec: Spec,
        pictures: tuple[Any, ...],
        folder: Folder,
        database: studies.Database,
        owner: str,
        stop: Callable[[], bool],
    ) -> None:
        self._spec, self._pictures, self._folder = spec, pictures, folder
        self._study, self._release = database.study, database.release
        self._owner, self._stop = owner, stop
        self._lock = threading.Lock()
        self._base = arms.arm("base", spec.base, int(spec.pictures[0]["channels"]))
        self.left = False
        """Whether the sweep has ended, by an error of another thread."""

    def try_one(self) -> bool:
        """Train one configuration, and return whether there was one."""
        try:
            return not self._is_over() and self._try_one()
        finally:
            self._release()

    def _try_one(self) -> bool:
        with self._lock:
            asked = self._study.ask()
            asked.set_user_attr(studies.OWNER, self._owner)
            chosen = self._spec.space.suggest(asked)
        try:
            recipe, operations, parameters = self._recipe(chosen)
        except SfumatoError as error:
            # A combination that no recipe may have.
            self._tell(asked, {"status": "failed", "reason": str(error)})
            return True
        try:
            results = self._train(asked, recipe, operations)
        except PrunedTrialError as pruned:
            point = pruned.curve[-1]
            self._tell(asked, {**_costs(recipe, parameters, operations, point), "status": "pruned"}, pruned=True)
            return True
        except InterruptedTrialError:
            return False
        self._tell(asked, {**results, "parameters": parameters, "recipe": to_string(recipe)})
        return True

    def _is_over(self) -> bool:
        return self.left or self._stop()

    def _recipe(self, chosen: Mapping[str, str]) -> tuple[Recipe, int | None, int | None]:
        recipe = recipe_of(self._spec.base, chosen).model_copy(update={"threads": 1})
        one = arms.arm("one", recipe, int(self._spec.pictures[0]["channels"]))
        facts = max(self._spec.pictures, key=lambda each: each["height"] * each["width"])
        size = Size(facts["width"], facts["height"], facts["channels"])
        memory_check.require("a configuration", _training_bytes, recipe, size)
        if self._spec.equal == "operations":
            _, one = arms.equalized((self._base, one), "operations")
        return one.recipe, one.operations, one.parameters

    def _train(self, asked: optuna.Trial, recipe: Recipe, operations: int | None) -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        for number, (picture, seed) in enumerate(self._spec.units):
            facts = self._spec.pictures[picture]
            of_unit = recipe.model_copy(
                update={
                    "seed": seed,
                    "picture": recipe.picture.model_copy(update={"source": facts["source"]}),
                    "evaluation": recipe.evaluation.model_copy(update={"interval": "end"}),
                }
            )
            key = Key("tuning", str(asked.number), seed, rates_of(recipe.training.optimizer), picture)
            first = number == 0
            points = marks(recipe.budget.epochs) if first and self._spec.pruner != "none" else ()
            trial = Trial(key, of_unit, points, _frame_size(facts) if first else None)
            prune = _Pruner(asked) if points else goes_on
            outcome = train(trial, self._pictures, self._is_over, prune)
            if not good(outcome.row):
                return {
                    "status": outcome.row["status"],
                    "reason": outcome.row["reason"],
                    **_costs(recipe, None, operations, outcome.row),
                    "psnr": WORST_PSNR,
                }
            if first and outcome.frames:
                self._folder.write_painting(asked.number, outcome.frames[-1])
            rows.append(outcome.row)
        means = {name: float(np.mean([row[name] for row in rows])) for name in ("psnr", "seconds", "samples")}
        ssim = [row["ssim"] for row in rows if row["ssim"] is not None]
        return {
            "status": "finished",
            "reason": None,
            "psnr": means["psnr"],
            "ssim": float(np.mean(ssim)) if len(ssim) == len(rows) else None,
            "seconds": means["seconds"],
            "gflop": None if operations is None else means["samples"] * operations / 1e9,
            "psnrs": [row["psnr"] for row in rows],
        }

    def _tell(self, asked: optuna.Trial, results: Mapping[str, Any], *, pruned: bool = False) -> None:
        optuna = studies.load_optuna()
        whole = {"psnr": WORST_PSNR, **results}
        with self._lock:
            for name, value in whole.items():
                asked.set_user_attr(name, value)
            if pruned:
                self._study.tell(asked, state=optuna.trial.TrialState.PRUNED)
                return
            # What diverged took little time, which must not make it good; nor an unknown cost, as of a custom network.
            good_one = whole["status"] == "finished"
            found = [whole.get(name) if good_one else None for name in self._spec.objectives]
            worst = [0.0 if studies.OBJECTIVES[name] == "maximize" else 1e300 for name in self._spec.objectives]
            self._study.tell(
                asked, [bad if value is None else float(value) for value, bad in zip(found, worst, strict=True)]
            )


def _training_bytes(recipe: Recipe, size: Size) -> int:
    return memory_estimate.training(recipe, size, writes_run=False)


class _Pruner:
    """Reports the points of a training to Optuna, and returns whether it is to end there."""

    def __init__(self, asked: optuna.Trial) -> None:
        self._asked = asked

    def __call__(self, point: Mapping[str, Any], passed: int) -> bool:
        # By the marks passed, which are the same part of any budget: one step of a large batch may pass several.
        self._asked.report(WORST_PSNR if point["psnr"] is None else point["psnr"], passed)
        return self._asked.should_prune()


def _costs(recipe: Recipe, parameters: int | None, operations: int | None, point: Mapping[str, Any]) -> dict[str, Any]:
    samples = point.get("samples")
    return {
        "psnr": point.get("psnr"),
        "seconds": point.get("seconds"),
        "gflop": None if operations is None or samples is None else samples * operations / 1e9,
        "parameters": parameters,
        "recipe": to_string(recipe),
    }


def _frame_size(facts: Mapping[str, Any]) -> tuple[int, int]:
    height, width = facts["height"], facts["width"]
    shrink = min(1.0, LONGEST_FRAME / max(height, width))
    return max(round(height * shrink), 2), max(round(width * shrink), 2)
