"""Experiments on the command line: the forecast, the progress, and the results."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfumato.api import load_picture
from sfumato.cli.progress import StagesProgress
from sfumato.formatting import duration
from sfumato.interrupt import stop_on_signals
from sfumato.lab import report, saturation_report, table, trainable, verdict
from sfumato.lab.compare import default_folder, plan_of
from sfumato.lab.experiment import Experiment, StoppedError, run_plan
from sfumato.lab.forecast import forecast
from sfumato.lab.plan import Plan
from sfumato.lab.questions import custom
from sfumato.lab.report.text import pluralize
from sfumato.lab.train import Learned
from sfumato.log import log_to
from sfumato.recipe import Recipe
from sfumato.render.text import one_line
from sfumato.runs.files import output_flag

COLUMNS = ("arm", "score", "±", "seeds", "parameters", "epochs", "GFLOP", "s", "GFLOP to target", "s to target", "rate")

WIDTH = 120
"""Width in characters of a table that is not printed on a terminal."""


def run_experiment(
    question: str | Mapping[str, Recipe], recipe: Recipe, *, out: Path | None, workers: int, retry: bool, **options: Any
) -> int:
    """Plan, train, and print the results; return the exit status: 0, or 130 after an interruption.

    question: the name of a question, or custom arms by name.
    """
    if (
        not isinstance(question, str)
        and options["tune"] is None
        and (arm_names := custom.differ_in_rates(question)) is not None
    ):
        a, b = (one_line(name) for name in arm_names)
        sys.stderr.write(
            f"learning rates are not tuned: {a} and {b} differ in nothing else (pass --tune true to find each arm's "
            "best)\n"
        )
    picture = load_picture(recipe)
    return train_and_print(
        plan_of(question, picture, recipe, **options), picture, out=out, workers=workers, retry=retry
    )


def train_and_print(plan: Plan, picture: NDArray[np.float32], *, out: Path | None, workers: int, retry: bool) -> int:
    """Train the trials of a plan and print the results; return the exit status as `run_experiment` does."""
    trainable.check(plan)
    folder = default_folder(plan) if out is None else out
    progress = StagesProgress()
    files: list[Path] = []
    try:
        with stop_on_signals() as stop, progress, log_to(progress.say), output_flag("--out"):
            progress.say(forecast_line(plan, picture, folder, workers, retry=retry))
            experiment = run_plan(
                plan,
                picture,
                folder,
                workers=workers,
                watch=lambda done, total: progress.stage("trials", done, total),
                stop=stop,
                retry=retry,
            )
            files = report.write(experiment)
    except StoppedError:
        sys.stderr.write(f"sfumato: stopped. Run the same command again to continue from {folder}.\n")
        return 130
    print_results(experiment)
    sys.stdout.write(f"report      {files[0]}\n")
    return 0


def forecast_line(plan: Plan, target: Learned, folder: Path, workers: int, *, retry: bool = False) -> str:
    """Return the forecast of an experiment as one line.

    ``2 arms, 10 seeds, 20 epochs, 112 x 160 pixels: about 56 trials, 36 of them to find learning rates, about 25 s``.
    """
    expected = forecast(plan, target, folder, workers, retry=retry)
    facts = plan.picture
    size = f"{facts['width']} x {facts['height']} pixels" if plan.task == "picture" else f"{plan.samples:,} digits"
    epochs = {arm.recipe.budget.epochs for arm in plan.arms}
    (epochs_of_all,) = epochs if len(epochs) == 1 else (None,)
    budget = "" if epochs_of_all is None else f", {epochs_of_all:g} epochs"
    done = f" ({expected.done:,} already done)" if expected.done else ""
    search = f", {expected.tuning:,} of them to find learning rates" if expected.tuning else ""
    about = "about " if expected.tuning else ""
    time = f", {duration(expected.seconds)}" if expected.seconds else ""
    return (
        f"{pluralize(len(plan.arms), 'arm')}, {pluralize(len(plan.seeds), 'seed')}{budget}, {size}: "
        f"{about}{pluralize(expected.left, 'trial')}{search}{done}{time}"
    )


def print_results(experiment: Experiment) -> None:
    """Print the table and the verdict."""
    print_table(experiment)
    sys.stdout.write("\n" + "\n".join(map(one_line, verdict.sentences(experiment))) + "\n")
    if lines := saturation_report.sentences(experiment):
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    sys.stdout.write(f"\nexperiment  {experiment.folder.path}\n")


def print_table(experiment: Experiment) -> None:
    """Print the results of every arm."""
    console = Console(highlight=False)
    if not console.is_terminal:
        # A file has no width that columns must be fitted to.
        console.width = WIDTH
    rows = Table(box=None, pad_edge=False, header_style="bold")
    head = experiment.plan.measure.head
    for name in (head if column == "score" else column for column in COLUMNS):
        rows.add_column(name, justify="left" if name == "arm" else "right", overflow="fold")
    for line in table.lines(experiment):
        arm = line.arm
        rows.add_row(
            Text(one_line(arm.name)),
            _number(line.score, ".2f"),
            _number(line.deviation, ".2f"),
            f"{line.finished}" + (f", {line.failed} failed" if line.failed else ""),
            "-" if arm.parameters is None else f"{arm.parameters:,}",
            _number(line.epochs),
            _number(line.gigaflop),
            _number(line.seconds),
            _number(line.gigaflop_to_target),
            _number(line.seconds_to_target),
            ", ".join(f"{rate:.2g}" for rate in line.rates),
        )
    console.print(rows)
    goal = table.target(experiment)
    sys.stdout.write("\n±: standard deviation over the seeds")
    sys.stdout.write("\n" if goal is None else f"; target: {goal:.1f} {head}, the final value of the worst arm\n")


def _number(value: float | None, format_spec: str = ".3g") -> str:
    return "-" if value is None or math.isnan(value) else f"{value:{format_spec}}"
