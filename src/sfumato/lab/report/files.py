"""The report's files: a page, and its trials and curves as CSV and Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.rates import rates_of
from sfumato.lab.report.page import page
from sfumato.log import LOG
from sfumato.runs.files import write_bytes

Columns = dict[str, list[Any]]
"""Columns by name, all equally long; None for unknown values."""

KINDS: dict[str, type] = {
    "purpose": str,
    "arm": str,
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
"""Columns of a trial, besides its learning rates. GFLOP are those of the training, forward and backward."""

OF_TASK = {"picture": ("psnr", "ssim", "mse"), "digits": ("accuracy", "mse")}

PAGE = "report.html"
TRIALS_CSV = "trials.csv"
TRIALS_PARQUET = "trials.parquet"
CURVE_CSV = "curve.csv"
NO_PYARROW = (
    f"{TRIALS_PARQUET} needs pyarrow, which is not installed: pip install 'sfumato[lab]', then sfumato report. "
    "Everything else is written."
)


def _kinds(plan: Plan) -> list[str]:
    foreign = {each for task in OF_TASK.values() for each in task} - set(OF_TASK[plan.task])
    return [each for each in KINDS if each not in foreign]


def trial_columns(experiment: Experiment) -> Columns:
    """Return one row per trial, including failed ones, in the order of the plan."""
    arms = {arm.name: (number, arm) for number, arm in enumerate(experiment.plan.arms)}
    rate_names = list(
        dict.fromkeys(each for _, arm in arms.values() for each in rates_of(arm.recipe.training.optimizer))
    )
    known = [row for row in experiment.rows.values() if row["arm"] in arms]
    known.sort(
        key=lambda row: (row["purpose"] != "tuning", arms[row["arm"]][0], row["rates"], row["picture"], row["seed"])
    )
    kinds = _kinds(experiment.plan)
    columns: Columns = {each: [] for each in (*kinds, *rate_names)}
    for row in known:
        arm = arms[row["arm"]][1]
        of_arm = dict(zip(rates_of(arm.recipe.training.optimizer), row["rates"], strict=True))
        flat = {
            **row,
            "picture": experiment.plan.picture_names[row["picture"]],
            "gflop": gigaflop(arm, row.get("samples")),
            "parameters": arm.parameters,
        }
        for each in kinds:
            columns[each].append(flat.get(each))
        for each in rate_names:
            columns[each].append(of_arm.get(each))
    return columns


def curve_columns(experiment: Experiment) -> Columns:
    """Return one row per mark of each verdict trial."""
    names = ("arm", "picture", "seed", "epoch", "samples", "gflop", "seconds", experiment.plan.measure.field)
    columns: Columns = {each: [] for each in names}
    for arm in experiment.plan.arms:
        for (picture, seed), row in experiment.results(arm).items():
            of = {"arm": arm.name, "picture": experiment.plan.picture_names[picture], "seed": seed}
            for point in row.get("curve") or []:
                flat = {**point, **of, "gflop": gigaflop(arm, point["samples"])}
                for name, column in columns.items():
                    column.append(flat[name])
    return columns


def gigaflop(arm: Arm, samples: float | None) -> float | None:
    """Return the operations of ``samples`` samples, in units of 1e9; None where they are unknown."""
    return None if arm.operations is None or samples is None else samples * arm.operations / 1e9


def as_csv(columns: Columns) -> bytes:
    """Return UTF-8 with a header line; numbers in full precision, empty fields for unknown values."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue().encode()


def as_parquet(columns: Columns) -> bytes | None:
    """Return the columns as Parquet, with types; None without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return None
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    arrays: Sequence[Any] = [pyarrow.array(column, types[KINDS.get(name, float)]) for name, column in columns.items()]
    buffer = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_arrays(arrays, names=list(columns)), buffer)
    return buffer.getvalue().to_pybytes()


def write(experiment: Experiment) -> list[Path]:
    """Write all files, each as a whole or not at all, and return their paths, the page's first.

    Without pyarrow, log how to install it. Raises RunError when a file cannot be written, or the folder lacks a file.
    """
    folder = experiment.folder.path
    trials = trial_columns(experiment)
    files: dict[str, bytes | None] = {
        PAGE: page(experiment).encode(),
        TRIALS_CSV: as_csv(trials),
        TRIALS_PARQUET: as_parquet(trials),
        CURVE_CSV: as_csv(curve_columns(experiment)),
    }
    for name, data in files.items():
        if data is not None:
            write_bytes(folder / name, data)
    if files[TRIALS_PARQUET] is None:
        # The file of an earlier report would hold other trials.
        (folder / TRIALS_PARQUET).unlink(missing_ok=True)
        LOG.info(NO_PYARROW)
    return [folder / name for name, data in files.items() if data is not None]
