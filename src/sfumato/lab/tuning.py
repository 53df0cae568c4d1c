"""Tuning of an experiment's arms: the settings tried, the next trials, and the settings chosen.

One field, such as the learning rate, is searched on a grid of three values that is extended and refined
(`grid_tuning`); several fields by successive halving (`halving_tuning`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sfumato.lab import grid_tuning, halving_tuning
from sfumato.lab.grid_tuning import Rows, good
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.rates import values_of
from sfumato.lab.setting import LR, Setting
from sfumato.lab.trial import Key

__all__ = [
    "Rows", "best_setting", "borders", "chosen_setting", "coming", "good", "score_table", "suggestions_to_come",
    "wanted_keys",
]  # fmt: skip


def wanted_keys(plan: Plan, rows: Rows, arm: Arm) -> list[Key]:
    """Return the tuning trials that the arm's search needs next; an empty list when it is over.

    They follow from the plan and the rows alone, whatever the order in which trials finished.
    """
    if _halves(plan):
        return halving_tuning.wanted(plan, rows, arm)
    keys = (
        Key("tuning", arm.name, seed, setting.rates, picture, setting.values)
        for setting in grid_tuning.wanted(plan, rows, arm)
        for picture, seed in plan.tuning_units
    )
    return [key for key in keys if key not in rows]


def best_setting(plan: Plan, rows: Rows, arm: Arm) -> Setting:
    """Return the arm's best setting so far; the recipe's own where nothing is tuned, or nothing has been tried."""
    own = Setting(values_of(arm.recipe.training.optimizer))
    if _halves(plan):
        return halving_tuning.best(halving_tuning.candidates(plan, rows, arm)) or own
    tried = grid_tuning.tried(plan, rows, arm)
    return grid_tuning.best(tried) if tried else own


def chosen_setting(plan: Plan, rows: Rows, arm: Arm) -> Setting | None:
    """Return the setting of the arm's verdict: the recipe's own without tuning; None while the search goes on."""
    over = halving_tuning.is_over(plan, rows, arm) if _halves(plan) else not grid_tuning.wanted(plan, rows, arm)
    return best_setting(plan, rows, arm) if over else None


def coming(plan: Plan, rows: Rows, arm: Arm) -> list[float]:
    """Return the fraction of the budget of each tuning trial to come; as many as a typical search on a grid takes."""
    if _halves(plan):
        return halving_tuning.coming(plan, rows, arm)
    return [1.0] * grid_tuning.typical_trials(plan, rows, arm)


def suggestions_to_come(plan: Plan, rows: Rows, arm: Arm) -> int:
    """Return how many settings of the arm are still to be suggested, each of which takes a moment."""
    return halving_tuning.suggestions_to_come(plan, rows, arm) if _halves(plan) else 0


def score_table(plan: Plan, rows: Rows, arm: Arm) -> Sequence[Sequence[float]]:
    """Return the scores among which the setting was chosen: of the whole budget, each setting's by tuning seed.

    An arm in which nothing is tuned has one setting, whose scores do not vary.
    """
    if _halves(plan):
        found: Sequence[Sequence[float]] = halving_tuning.table(plan, rows, arm)
    else:
        found = list(grid_tuning.tried(plan, rows, arm).values())
    is_tuned = plan.tuning is not None and (not plan.tuning.asked or bool(plan.tuned_fields(arm.name)))
    return found if is_tuned else [(0.0,) * len(plan.tuning_units)]


def borders(plan: Plan, rows: Rows, arm: Arm) -> dict[str, int]:
    """Return the tuned fields whose chosen value is the lowest (-1) or the highest (1) that could be chosen."""
    chosen = chosen_setting(plan, rows, arm)
    if chosen is None or plan.tuning is None:
        return {}
    if _halves(plan):
        return halving_tuning.borders(plan, arm, chosen) if plan.tuned_fields(arm.name) else {}
    side = grid_tuning.at_border(plan, rows, arm)
    fields = plan.tuned_fields(arm.name)
    return {(fields[0].name if fields else LR): side} if side else {}


def _halves(plan: Plan) -> bool:
    return plan.tuning is not None and plan.tuning.halves
