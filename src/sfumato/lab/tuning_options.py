"""What the options of a comparison say about tuning: which fields, on how many seeds, with how many settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sfumato.errors import RecipeError
from sfumato.lab.halving import FEWEST_CANDIDATES, MOST_CANDIDATES
from sfumato.lab.optuna_loading import load_optuna
from sfumato.lab.plan import MOST_SEEDS, Plan, checked
from sfumato.lab.rates import TUNING_SEEDS, Tuning, values_of
from sfumato.lab.setting import LR
from sfumato.lab.suggest import NEEDED_BY
from sfumato.lab.tuned_fields import stated

Tune = bool | str | Sequence[str] | Mapping[str, str | None] | None
"""Fields: ``"lr,omega"``, ``["lr", "omega=5..120:log"]`` or ``{"lr": None, "omega": "5..120:log"}``; or whether the
learning rate is tuned; None: unless the arms differ in nothing else.
"""


def tuning_of(tune: Tune, seeds: int = TUNING_SEEDS, trials: int | None = None) -> Tuning | None:
    """Return the search, None for False. Raises RecipeError.

    ``trials``: settings that every arm tries in a search of several fields; None: a number that costs a quarter of a
    grid of 25.
    """
    if not 2 <= seeds <= MOST_SEEDS:
        raise RecipeError(f"tuning seeds must be 2 to {MOST_SEEDS}: one seed does not show the noise. Got {seeds}.")
    if trials is not None and not FEWEST_CANDIDATES <= trials <= MOST_CANDIDATES:
        raise RecipeError(f"tuning trials must be {FEWEST_CANDIDATES} to {MOST_CANDIDATES}. Got {trials}.")
    asked = _asked(tune)
    if trials is not None and len(asked) < 2:
        raise RecipeError(f"tuning trials are for tuning several fields, such as lr,omega. Got {trials}; leave it out.")
    if tune is False:
        return None
    return Tuning(seeds) if asked == (LR,) else Tuning(seeds, asked, trials or 0)


def _asked(tune: Tune) -> tuple[str, ...]:
    if tune is None or isinstance(tune, bool):
        return (LR,)
    if isinstance(tune, str):
        found = tuple(text.strip() for text in tune.split(","))
    elif isinstance(tune, Mapping):
        found = tuple(name if written is None else f"{name}={written}" for name, written in tune.items())
    else:
        found = tuple(str(text).strip() for text in tune)
    if not found or not all(found):
        raise RecipeError(f"tune must have fields such as lr or lr,omega. Got {tune!r}.")
    return found


def require_optuna(plan: Plan) -> Plan:
    """Return the plan. Raises SfumatoError where its search needs Optuna, which is not installed."""
    if plan.tuning is not None and plan.tuning.halves:
        load_optuna(NEEDED_BY)
    return plan


def tuned_ablation(plan: Plan, tuning: Tuning | None) -> Plan:
    """Return the plan of an ablation with a search. Raises RecipeError for one of what an arm undoes."""
    found = require_optuna(checked(replace(plan, tuning=tuning)))
    if tuning is None:
        return found
    base, *others = found.arms
    for arm in others:
        before, after = base.recipe.training.optimizer, arm.recipe.training.optimizer
        names = [each.name for each in found.tuned_fields(arm.name)] if tuning.asked else [LR]
        if LR in names and type(before) is type(after) and values_of(before) != values_of(after):
            raise _undone(LR, arm.name)
        for each in found.tuned_fields(arm.name):
            for path in each.paths:
                if stated(base.recipe, path) not in (None, stated(arm.recipe, path)):
                    raise _undone(each.name, arm.name)
    return found


def _undone(name: str, arm: str) -> RecipeError:
    return RecipeError(f"tune must not have what an arm undoes. Got {name}, which arm {arm} changes; leave it out.")
