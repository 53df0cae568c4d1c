"""How far an experiment is."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.lab.experiment import Experiment, keys_wanted
from sfumato.lab.plan import Arm
from sfumato.lab.tuning import chosen_rates, typical_trials


@dataclass(frozen=True)
class Progress:
    """What is there and what is not."""

    done: int
    left: int
    """Trials still to come; of searches for learning rates as many as are typical."""
    untuned: tuple[Arm, ...]
    """Arms whose learning rate is not known yet."""
    unfinished: tuple[tuple[Arm, int], ...]
    """Arms with a known rate, and the seeds that they lack."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left."""
        return self.left == 0


def progress(experiment: Experiment) -> Progress:
    """Of a folder as it is now."""
    plan, rows = experiment.plan, experiment.rows
    ahead = keys_wanted(plan, rows)
    untuned = tuple(arm for arm in plan.arms if chosen_rates(plan, rows, arm) is None)
    names = {arm.name for arm in untuned}
    lacking = {arm.name: 0 for arm in plan.arms}
    for key in ahead:
        lacking[key.arm] += 1
    unfinished = tuple((arm, lacking[arm.name]) for arm in plan.arms if lacking[arm.name] and arm.name not in names)
    verdict = sum(key.purpose == "verdict" for key in ahead) + len(untuned) * len(plan.seeds)
    tuning = sum(typical_trials(plan, rows, arm) for arm in untuned)
    return Progress(len(rows), verdict + tuning, untuned, unfinished)
