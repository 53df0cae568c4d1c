"""The progress of an experiment."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.lab.experiment import Experiment, pending_keys
from sfumato.lab.plan import Arm
from sfumato.lab.tuning import chosen_rates, typical_trials


@dataclass(frozen=True)
class Progress:
    """Trials done and trials left."""

    done: int
    left: int
    """Remaining trials; a search for learning rates counts as a typical one."""
    untuned: tuple[Arm, ...]
    """Arms whose learning rate is not known yet."""
    unfinished: tuple[tuple[Arm, int], ...]
    """Arms with a known rate, and the number of their missing seeds."""

    @property
    def finished(self) -> bool:
        """Return whether nothing is left."""
        return self.left == 0


def progress(experiment: Experiment) -> Progress:
    """Return the progress of the experiment as it is now."""
    plan, rows = experiment.plan, experiment.rows
    pending = pending_keys(plan, rows)
    untuned = tuple(arm for arm in plan.arms if chosen_rates(plan, rows, arm) is None)
    names = {arm.name for arm in untuned}
    missing = {arm.name: 0 for arm in plan.arms}
    for key in pending:
        missing[key.arm] += 1
    unfinished = tuple((arm, missing[arm.name]) for arm in plan.arms if missing[arm.name] and arm.name not in names)
    verdict = sum(key.purpose == "verdict" for key in pending) + len(untuned) * len(plan.seeds)
    tuning = sum(typical_trials(plan, rows, arm) for arm in untuned)
    return Progress(len(rows), verdict + tuning, untuned, unfinished)
