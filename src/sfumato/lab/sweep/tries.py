"""The configurations that a sweep tries: asked for at Optuna, trained by an executor, and told to Optuna."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sfumato.errors import SfumatoError
from sfumato.lab import arms
from sfumato.lab.experiment import LONGEST_FRAME, marks
from sfumato.lab.plan import Unit
from sfumato.lab.rates import values_of as rates_of
from sfumato.lab.sweep import study as studies
from sfumato.lab.sweep.folder import Folder
from sfumato.lab.sweep.space import recipe_of
from sfumato.lab.sweep.spec import Spec
from sfumato.lab.trial import Key, Outcome, Trial
from sfumato.lab.tuning import good
from sfumato.recipe import Recipe, memory_check, memory_estimate, to_string
from sfumato.recipe.memory_estimate import Size

if TYPE_CHECKING:
    import optuna

WORST_PSNR = 0.0
"""PSNR, in dB, that a configuration counts with which diverged or failed: that of a wholly wrong painting."""


@dataclass
class _Try:
    """One configuration that is being tried."""

    asked: optuna.Trial
    recipe: Recipe
    operations: int | None
    parameters: int | None
    rows: dict[Unit, dict[str, Any]] = field(default_factory=dict)
    """Rows of the trainings that have finished, by (picture, seed)."""


class Tries:
    """A source of trials, one per training of a configuration, which takes their outcomes."""

    def __init__(self, spec: Spec, folder: Folder, database: studies.Database, owner: str, count: int) -> None:
        self._spec, self._folder, self._owner = spec, folder, owner
        self._study, self._release = database.study, database.release
        self._lock = threading.Lock()
        self._base = arms.arm("base", spec.base, int(spec.pictures[0]["channels"]))
        self._open: dict[str, _Try] = {}
        """Configurations that are being tried, by the arm of their trials."""
        self._unasked = count
        self.missing = count
        """Configurations that have not ended yet."""

    def trials(self) -> Iterator[Trial]:
        """Yield the trainings of one configuration after another, each asked for when it can be trained."""
        while self._unasked > 0:
            self._unasked -= 1
            attempt = self._ask()
            if attempt is None:
                continue
            name = str(attempt.asked.number)
            for number, unit in enumerate(self._spec.units):
                # A training that failed or was pruned ends its configuration.
                if name in self._open:
                    yield self._trial(attempt, unit, first=number == 0)

    def take(self, outcome: Outcome) -> None:
        """Take the outcome of a trial, and tell its configuration's result when there is one."""
        attempt = self._open.get(outcome.key.arm)
        if attempt is None:
            return
        row = outcome.row
        costs = _costs(attempt.recipe, attempt.parameters, attempt.operations, row)
        if row["status"] == "pruned":
            self._tell(attempt.asked, {**costs, "status": "pruned"}, pruned=True)
        elif not good(row):
            failed = {"status": row["status"], "reason": row["reason"], "psnr": WORST_PSNR}
            self._tell(attempt.asked, {**costs, **failed})
        else:
            if outcome.frames:
                self._folder.write_painting(attempt.asked.number, outcome.frames[-1])
            attempt.rows[outcome.key.unit] = row
            if len(attempt.rows) == len(self._spec.units):
                self._tell(attempt.asked, {**costs, **self._means(attempt)})

    def report(self, key: Key, point: Mapping[str, Any], passed: int) -> bool:
        """Report a point of a training to Optuna, and return whether it is to end there; from any thread."""
        attempt = self._open.get(key.arm)
        if attempt is None:
            return True
        try:
            with self._lock:
                # By the marks passed, which are the same part of any budget: one step may pass several.
                attempt.asked.report(WORST_PSNR if point["psnr"] is None else point["psnr"], passed)
                return attempt.asked.should_prune()
        finally:
            if threading.current_thread() is not threading.main_thread():
                self._release()

    def _ask(self) -> _Try | None:
        """Return the next configuration; None for a combination that no recipe may have, which is told as failed."""
        with self._lock:
            asked = self._study.ask()
            asked.set_user_attr(studies.OWNER, self._owner)
            chosen = self._spec.space.suggest(asked)
        try:
            attempt = _Try(asked, *self._recipe(chosen))
        except SfumatoError as error:
            self._tell(asked, {"status": "failed", "reason": str(error)})
            return None
        self._open[str(asked.number)] = attempt
        return attempt

    def _recipe(self, chosen: Mapping[str, str]) -> tuple[Recipe, int | None, int | None]:
        recipe = recipe_of(self._spec.base, chosen).model_copy(update={"threads": 1})
        one = arms.arm("one", recipe, int(self._spec.pictures[0]["channels"]))
        facts = max(self._spec.pictures, key=lambda each: each["height"] * each["width"])
        size = Size(facts["width"], facts["height"], facts["channels"])
        memory_check.require("a configuration", _training_bytes, recipe, size)
        if self._spec.equal == "operations":
            _, one = arms.equalized((self._base, one), "operations")
        return one.recipe, one.operations, one.parameters

    def _trial(self, attempt: _Try, unit: Unit, *, first: bool) -> Trial:
        picture, seed = unit
        facts, recipe = self._spec.pictures[picture], attempt.recipe
        metrics = recipe.evaluation.metrics
        if "ssim" in self._spec.objectives and "ssim" not in metrics:
            metrics = ("ssim", *metrics)
        of_unit = recipe.model_copy(
            update={
                "seed": seed,
                "picture": recipe.picture.model_copy(update={"source": facts["source"]}),
                "evaluation": recipe.evaluation.model_copy(update={"interval": "end", "metrics": metrics}),
            }
        )
        key = Key("tuning", str(attempt.asked.number), seed, rates_of(recipe.training.optimizer), picture)
        points = marks(recipe.budget.epochs) if first and self._spec.pruner != "none" else ()
        return Trial(key, of_unit, points, _frame_size(facts) if first else None)

    def _means(self, attempt: _Try) -> dict[str, Any]:
        rows = [attempt.rows[unit] for unit in self._spec.units]
        means = {name: float(np.mean([row[name] for row in rows])) for name in ("psnr", "seconds", "samples")}
        ssim = [row["ssim"] for row in rows if row["ssim"] is not None]
        operations = attempt.operations
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
        self._open.pop(str(asked.number), None)
        self.missing -= 1
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
