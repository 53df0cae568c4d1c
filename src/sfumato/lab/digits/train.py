"""Training of one trial on digits, evaluated at marks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sfumato.lab.digits.data import Digits
from sfumato.lab.digits.problem import DigitMetrics, DigitProblem
from sfumato.lab.trial import InterruptedTrialError, Outcome, Trial, identity
from sfumato.recipe import changed
from sfumato.training import Snapshot, Trainer, resolve


def train(trial: Trial, digits: Digits, stop: Callable[[], bool]) -> Outcome:
    """Train to the end of the budget in epochs or steps. Raises InterruptedTrialError after ``stop`` returns true."""
    # The problem's evaluations are cheap and happen at the marks of the curve.
    recipe = changed(resolve(trial.recipe), {"evaluation": {"interval": "end"}})
    problem = DigitProblem(*digits.split(trial.key.seed, tuning=trial.key.purpose == "tuning"))
    marks = list(trial.marks)
    curve: list[dict[str, Any]] = []
    last: Snapshot | None = None
    for snapshot in Trainer(recipe, problem, marks=trial.marks).snapshots(stop):
        last = snapshot
        if snapshot.ended == "stopped":
            raise InterruptedTrialError
        if snapshot.ended is not None or (marks and snapshot.progress >= marks[0]):
            marks = [mark for mark in marks if mark > snapshot.progress]
            curve.append(_point(snapshot, problem))
    assert last is not None, "a training ends with a last snapshot"
    row = {
        **identity(trial.key),
        "status": "diverged" if last.ended == "diverged" else "finished",
        "reason": last.reason,
        **curve[-1],
        "step": last.step,
        "engine": recipe.engine,
        "curve": curve if trial.marks else [],
    }
    kept = last.weights() if trial.key.purpose == "verdict" else {}
    return Outcome(trial.key, row, kept, (), None)


def _point(snapshot: Snapshot, problem: DigitProblem) -> dict[str, Any]:
    """Return a point of the curve: ``accuracy`` in percent, and ``mse`` per output; None where not finite."""
    metrics = snapshot.evaluation
    if metrics is None:
        inputs, targets = problem.validation
        metrics = problem.metrics(snapshot.outputs(inputs), targets)
    assert isinstance(metrics, DigitMetrics)
    finite = math.isfinite(metrics.mse)
    return {
        "epoch": snapshot.epoch,
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "accuracy": metrics.accuracy if finite else None,
        "mse": metrics.mse if finite else None,
    }
