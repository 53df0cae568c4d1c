"""A check: what a moment of training tells of a recipe, before anything long is begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato.process_state import scoped
from sfumato.recipe import Recipe
from sfumato.training.diagnosis import warnings
from sfumato.training.diagnosis.failure_checks import ILLS, not_finite
from sfumato.training.diagnosis.finding import SEVERITIES, Finding, Severity
from sfumato.training.diagnosis.make_trial import run_trial
from sfumato.training.diagnosis.trial import Trial


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found."""

    trial: Trial
    findings: tuple[Finding, ...]
    """The worst first; never empty."""

    @property
    def verdict(self) -> Severity:
        """``error``, ``warning`` or ``fine``: that of the worst finding."""
        return self.findings[0].severity

    @property
    def works(self) -> bool:
        """Whether nothing was found that keeps the network from learning."""
        return self.verdict != "error"

    def summary(self) -> str:
        """The findings, a line each."""
        return "\n".join(f"{each.severity}: {each}" for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Plain data: verdict, findings, the trial, and the figures before and after it."""
        trial = self.trial
        plain = [None if error != error else error for error in trial.errors]
        return {
            "verdict": self.verdict,
            "findings": [{"severity": f.severity, "text": f.text, "change": f.change} for f in self.findings],
            "engine": trial.engine,
            "pixels": trial.pixels,
            "steps": trial.steps,
            "seconds": trial.seconds,
            "planned_steps": trial.planned_steps,
            "errors": plain,
            "updates": [_plain(each) for each in trial.updates],
            "moved": [_plain(each) for each in trial.moved],
            "before": trial.before.as_json(),
            "after": trial.after.as_json(),
        }


@scoped
def diagnose(recipe: Recipe, picture: NDArray[np.floating], model: nn.Module | None = None) -> Diagnosis:
    """Try a recipe on a picture (H, W, C) for about a second, and tell what will happen; ``recipe`` resolved.

    ``model`` is left as it was. Raises RecipeError when it does not fit the picture.
    """
    trial = run_trial(recipe, picture, model)
    return Diagnosis(trial, tuple(concluded(trial, recipe)))


def concluded(trial: Trial, recipe: Recipe) -> list[Finding]:
    """The findings, the worst first."""
    if warnings.uniform(trial):
        return [not_finite(trial, recipe) or warnings.nothing_to_learn(trial)]
    found = None if trial.learned else next(filter(None, (ill(trial, recipe) for ill in ILLS)), None)
    if found is not None:
        return [found]
    everything = [warnings.course(trial, recipe), *warnings.remarks(trial, recipe)]
    return sorted(everything, key=lambda each: SEVERITIES.index(each.severity))


def _plain(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
