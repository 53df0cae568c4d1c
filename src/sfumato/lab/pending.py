"""The trials of a plan that can start now, from the rows of those that have ended."""

from __future__ import annotations

from sfumato.lab.plan import Arm, Plan
from sfumato.lab.trial import Key, key_at
from sfumato.lab.tuning import Rows, chosen_setting, wanted_keys


def pending_keys(plan: Plan, rows: Rows) -> list[Key]:
    """Return the keys of the trials that can start now: tuning of arms whose search goes on, else their verdict."""
    return [key for arm in plan.arms for key in (wanted_keys(plan, rows, arm) or verdict_keys(plan, rows, arm))]


def verdict_keys(plan: Plan, rows: Rows, arm: Arm) -> list[Key]:
    """Return the keys of the arm's verdict trials that have not ended yet; none while its search goes on."""
    setting = chosen_setting(plan, rows, arm)
    keys = [] if setting is None else [key_at("verdict", arm.name, unit, setting) for unit in plan.verdict_units]
    return [key for key in keys if key not in rows]
