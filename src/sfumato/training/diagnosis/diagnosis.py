"""Health check: a diagnosis of a recipe before a long training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.process_state import scoped
from sfumato.recipe import Recipe
from sfumato.training.diagnosis import warnings
from sfumato.training.diagnosis.failure_checks import FAILURE_CHECKS, not_finite
from sfumato.training.diagnosis.findings import SEVERITIES, Finding, Severity
from sfumato.training.diagnosis.make_trial import run_trial
from sfumato.training.diagnosis.trial import Trial


@dataclass(frozen=True)
class Diagnosis:
    """The result of `diagnose`."""

    trial: Trial
    findings: tuple[Finding, ...]
    """Sorted by severity, the worst first; never empty."""

    @property
    def verdict(self) -> Severity:
        """The severity of the worst finding."""
        return self.findings[0].severity

    @property
    def works(self) -> bool:
        """Whether no finding is an error."""
        return self.verdict != "error"

    def summary(self) -> str:
        """Return the findings, one line each."""
        return "\n".join(f"{each.severity}: {each}" for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: verdict, findings, the trial, and the statistics of the network before and after it."""
        trial = self.trial
        return {
            "verdict": self.verdict,
            "findings": [{"severity": f.severity, "text": f.text, "change": f.change} for f in self.findings],
            "engine": trial.engine,
            "pixels": trial.pixels,
            "steps": trial.steps,
            "seconds": trial.seconds,
            "planned_steps": trial.planned_steps,
            "errors": [None if mse != mse else mse for mse in trial.mses],
            "updates": [_finite_or_none(each) for each in trial.updates],
            "moved": [_finite_or_none(each) for each in trial.moved],
            "before": trial.before.as_json(),
            "after": trial.after.as_json(),
        }


@scoped
def diagnose(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module | None = None) -> Diagnosis:
    """Train on a picture (H, W, C) for about a second and return a diagnosis; ``recipe`` resolved.

    ``model`` is not changed. Raise RecipeError if it does not fit the picture.
    """
    trial = run_trial(recipe, picture, model)
    return Diagnosis(trial, tuple(findings_of(trial, recipe)))


def findings_of(trial: Trial, recipe: Recipe) -> list[Finding]:
    """Return the findings of a trial, the worst first."""
    if warnings.is_uniform(trial):
        return [not_finite(trial, recipe) or warnings.nothing_to_learn(trial)]
    failures = (check(trial, recipe) for check in FAILURE_CHECKS)
    failure = None if trial.learned else next(filter(None, failures), None)
    if failure is not None:
        return [failure]
    findings = [warnings.progress(trial, recipe), *warnings.all_warnings(trial, recipe)]
    return sorted(findings, key=lambda each: SEVERITIES.index(each.severity))


def _finite_or_none(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
