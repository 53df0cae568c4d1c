"""The work of an experiment in operations: of each trial, of all that are done, and of all that are known of."""

from __future__ import annotations

from sfumato.lab.pending import verdict_keys
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.trial import Key
from sfumato.lab.tuning import Rows, coming


def operations(plan: Plan, key: Key) -> int:
    """Return the operations of a trial, as far as they are known beforehand; else 1 for each."""
    arm = plan.arm(key.arm)
    budget, training = arm.recipe.budget, arm.recipe.training
    if arm.operations is None or budget.seconds is not None:
        return 1
    samples = plan.samples(key.picture)
    batch = samples if training.batch == "all" else training.batch
    limits = [] if budget.epochs is None else [budget.epochs * plan.epochs_factor(key.picture) * samples]
    limits += [] if budget.steps is None else [budget.steps * min(batch, samples)]
    return max(1, round(arm.operations * min(limits) * key.fraction))


class Work:
    """Operations done and to come, kept up to date trial by trial: to sum all of thousands after each takes long."""

    def __init__(self, plan: Plan, rows: Rows) -> None:
        self._plan = plan
        self.done = sum(operations(plan, key) for key in rows)
        self._to_come = {arm.name: _to_come(plan, rows, arm) for arm in plan.arms}

    @property
    def total(self) -> int:
        """Operations done and to come; a search on a grid counts as a typical one."""
        return self.done + sum(self._to_come.values())

    def add(self, key: Key, rows: Rows) -> None:
        """Count a trial that has ended. ``rows``: those of all trials that have, this one included."""
        of_one = operations(self._plan, key)
        self.done += of_one
        if key.purpose == "verdict":
            self._to_come[key.arm] -= of_one
        else:
            # The search may take fewer or more trials than a typical one.
            self._to_come[key.arm] = _to_come(self._plan, rows, self._plan.arm(key.arm))


def _to_come(plan: Plan, rows: Rows, arm: Arm) -> int:
    left = sum(operations(plan, key) for key in verdict_keys(plan, rows, arm))
    if fractions := coming(plan, rows, arm):
        picture, seed = plan.verdict_units[0]
        of_one = operations(plan, Key("verdict", arm.name, seed, (), picture))
        left += len(plan.verdict_units) * of_one + sum(max(1, round(each * of_one)) for each in fractions)
    return left
