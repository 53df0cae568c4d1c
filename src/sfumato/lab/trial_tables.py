"""An experiment's trials, and the points of their curves, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.rates import rates_of
from sfumato.lab.tuning import Rows
from sfumato.tables import Table

KINDS: dict[str, type] = {
    "purpose": str,
    "arm": str,
    "optimizer": str,
    "picture": str,
    "seed": int,
    "status": str,
    "reason": str,
    "accuracy": float,
    "psnr": float,
    "ssim": float,
    "mse": float,
    "epoch": float,
    "step": int,
    "samples": int,
    "gflop": float,
    "seconds": float,
    "engine": str,
    "parameters": int,
}
"""Columns of a trial, besides its learning rates and other tuned numbers. GFLOP are those of the training, forward and
backward.
"""

OTHER_METRICS = (
    "ms_ssim",
    "flip",
    *(f"{metric}_{part}" for part in ("held_out", "trained") for metric in ("psnr", "ssim", "flip")),
)
"""Columns of metrics that a trial may have, depending on its recipe's split and ``evaluation.metrics``."""

OF_TASK = {"picture": ("psnr", "ssim", "mse"), "digits": ("accuracy", "mse")}


def trials(plan: Plan, rows: Rows) -> Table:
    """Return one row per trial, including failed ones, in the order of the plan."""
    arms = {arm.name: (number, arm) for number, arm in enumerate(plan.arms)}
    rates = {arm.name: rates_of(arm.recipe.training.optimizer) for arm in plan.arms}
    rate_names = list(dict.fromkeys(each for of_arm in rates.values() for each in of_arm))
    known = [row for row in rows.values() if row["arm"] in arms]
    known.sort(
        key=lambda row: (
            row["purpose"] != "tuning",
            arms[row["arm"]][0],
            # A search of several fields is sorted by its candidates, then by rungs.
            -1 if row.get("candidate") is None else row["candidate"],
            row.get("fraction", 1.0),
            row["rates"],
            list(row.get("values", {}).values()),
            row["picture"],
            row["seed"],
        )
    )
    value_names = list(
        dict.fromkeys(each.name for arm in plan.arms for each in plan.tuned_fields(arm.name) if each.paths)
    )
    search = ("candidate", "fraction") if plan.tuning is not None and plan.tuning.halves else ()
    kinds = [*_kinds(plan), *(name for name in OTHER_METRICS if any(name in row for row in known))]
    columns: dict[str, list[Any]] = {each: [] for each in (*kinds, *search, *rate_names, *value_names)}
    for row in known:
        arm = arms[row["arm"]][1]
        of_arm = dict(zip(rates[arm.name], row["rates"], strict=True))
        flat = {
            **row,
            "optimizer": arm.recipe.training.optimizer.name,
            "picture": plan.picture_names[row["picture"]],
            "gflop": gigaflop(arm, row.get("samples")),
            "parameters": arm.parameters,
        }
        for each in kinds:
            columns[each].append(flat.get(each))
        if search:
            columns["candidate"].append(row.get("candidate"))
            columns["fraction"].append(row.get("fraction", 1.0))
        for each in rate_names:
            columns[each].append(of_arm.get(each))
        for each in value_names:
            columns[each].append(row.get("values", {}).get(each))
    return Table(columns, {**KINDS, **dict.fromkeys(OTHER_METRICS, float), "candidate": int, "fraction": float})


def curves(plan: Plan, results: Mapping[str, Mapping[Unit, Mapping[str, Any]]]) -> Table:
    """Return one row per mark of each verdict trial; ``results``: the rows of each arm by (picture, seed)."""
    names = ("arm", "picture", "seed", "epoch", "samples", "gflop", "seconds", plan.measure.field)
    columns: dict[str, list[Any]] = {each: [] for each in names}
    for arm in plan.arms:
        for (picture, seed), row in results[arm.name].items():
            of = {"arm": arm.name, "picture": plan.picture_names[picture], "seed": seed}
            for point in row.get("curve") or []:
                flat = {**point, **of, "gflop": gigaflop(arm, point["samples"])}
                for name, column in columns.items():
                    column.append(flat[name])
    return Table(columns, KINDS)


def gigaflop(arm: Arm, samples: float | None) -> float | None:
    """Return the operations of ``samples`` samples, in units of 1e9; None where they are unknown."""
    return None if arm.operations is None or samples is None else samples * arm.operations / 1e9


def _kinds(plan: Plan) -> list[str]:
    foreign = {each for task in OF_TASK.values() for each in task} - set(OF_TASK[plan.task])
    return [each for each in KINDS if each not in foreign]
