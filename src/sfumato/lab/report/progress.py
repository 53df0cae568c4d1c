"""How far an experiment is."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.lab.experiment import Experiment, chosen_factor, trials
from sfumato.lab.plan import Arm


@dataclass(frozen=True)
class Progress:
    """What is there and what is not."""

    done: int
    left: int
    """Trials still to come, as far as they are known: grids of learning rates may grow."""
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
    ahead = trials(plan, rows)
    untuned = tuple(arm for arm in plan.arms if chosen_factor(plan, rows, arm) is None)
    names = {arm.name for arm in untuned}
    lacking = {arm.name: 0 for arm in plan.arms}
    for trial in ahead:
        lacking[trial.key.arm] += 1
    unfinished = tuple((arm, lacking[arm.name]) for arm in plan.arms if lacking[arm.name] and arm.name not in names)
    return Progress(len(rows), len(ahead) + len(untuned) * len(plan.seeds), untuned, unfinished)
