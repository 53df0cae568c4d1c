"""An experiment under a person's eyes: how long it takes, how far it is, what came out."""

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
from sfumato.cli.stages import StagesProgress
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
from sfumato.runs.elsewhere import named_by

COLUMNS = ("arm", "score", "±", "seeds", "parameters", "epochs", "GFLOP", "s", "GFLOP to target", "s to target", "rate")


WIDTH = 120
"""Characters of a table that is written to a file."""


def run_experiment(
    asked: str | Mapping[str, Recipe], recipe: Recipe, *, out: Path | None, workers: int, retry: bool, **how: Any
) -> int:
    """Plan, train, print; the exit status: 0, or 130 when it was interrupted before its end."""
    if not isinstance(asked, str) and how["tune"] is None and (alike := custom.differ_in_rates(asked)) is not None:
        a, b = (one_line(name) for name in alike)
        sys.stderr.write(
            f"learning rates are compared as they are written: {a} and {b} differ in nothing else (--tune true finds "
            "each arm's best)\n"
        )
    picture = load_picture(recipe)
    return planned(plan_of(asked, picture, recipe, **how), picture, out=out, workers=workers, retry=retry)


def planned(plan: Plan, picture: NDArray[np.float32], *, out: Path | None, workers: int, retry: bool) -> int:
    """Train and print what is planned; the exit status as of `run_experiment`."""
    trainable.check(plan)
    folder = default_folder(plan) if out is None else out
    progress = StagesProgress()
    written: list[Path] = []
    try:
        with stop_on_signals() as stop, progress, log_to(progress.say), named_by("--out"):
            progress.say(forecast_line(plan, picture, folder, workers, retry=retry))
            found = run_plan(
                plan,
                picture,
                folder,
                workers=workers,
                watch=lambda done, total: progress.stage("trials", done, total),
                stop=stop,
                retry=retry,
            )
            written = report.write(found)
    except StoppedError:
        sys.stderr.write(f"sfumato: stopped. The same command goes on with what is in {folder}.\n")
        return 130
    tell(found)
    sys.stdout.write(f"report      {written[0]}\n")
    return 0


def forecast_line(plan: Plan, learned: Learned, folder: Path, workers: int, *, retry: bool = False) -> str:
    """What is ahead, in one line.

    ``2 arms, 10 seeds, 20 epochs, 112 x 160 pixels: about 56 trials, 36 of them to find learning rates, about 25 s``.
    """
    ahead = forecast(plan, learned, folder, workers, retry=retry)
    facts = plan.picture
    size = f"{facts['width']} x {facts['height']} pixels" if plan.task == "picture" else f"{plan.samples:,} digits"
    epochs = {arm.recipe.budget.epochs for arm in plan.arms}
    (only,) = epochs if len(epochs) == 1 else (None,)
    budget = "" if only is None else f", {only:g} epochs"
    there = f" ({ahead.done:,} others are there)" if ahead.done else ""
    search = f", {ahead.tuning:,} of them to find learning rates" if ahead.tuning else ""
    about = "about " if ahead.tuning else ""
    lasts = f", {duration(ahead.seconds)}" if ahead.seconds else ""
    return (
        f"{pluralize(len(plan.arms), 'arm')}, {pluralize(len(plan.seeds), 'seed')}{budget}, {size}: "
        f"{about}{pluralize(ahead.left, 'trial')}{search}{there}{lasts}"
    )


def tell(experiment: Experiment) -> None:
    """The table and the verdict on stdout."""
    tell_table(experiment)
    sys.stdout.write("\n" + "\n".join(map(one_line, verdict.sentences(experiment))) + "\n")
    if lines := saturation_report.sentences(experiment):
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    sys.stdout.write(f"\nexperiment  {experiment.folder.path}\n")


def tell_table(experiment: Experiment) -> None:
    """What every arm came to, on stdout."""
    console = Console(highlight=False)
    if not console.is_terminal:
        # A file has room for whole columns.
        console.width = WIDTH
    shown = Table(box=None, pad_edge=False, header_style="bold")
    head = experiment.plan.measure.head
    for name in (head if column == "score" else column for column in COLUMNS):
        shown.add_column(name, justify="left" if name == "arm" else "right", overflow="fold")
    for line in table.lines(experiment):
        arm = line.arm
        shown.add_row(
            Text(one_line(arm.name)),
            _figure(line.score, ".2f"),
            _figure(line.deviation, ".2f"),
            f"{line.finished}" + (f", {line.failed} failed" if line.failed else ""),
            "-" if arm.parameters is None else f"{arm.parameters:,}",
            _figure(line.epochs),
            _figure(line.gigaflop),
            _figure(line.seconds),
            _figure(line.gigaflop_to_target),
            _figure(line.seconds_to_target),
            ", ".join(f"{rate:.2g}" for rate in line.rates),
        )
    console.print(shown)
    goal = table.target(experiment)
    sys.stdout.write("\n±: standard deviation over the seeds")
    sys.stdout.write("\n" if goal is None else f"; target: {goal:.1f} {head}, what the worst arm ends with\n")


def _figure(value: float | None, form: str = ".3g") -> str:
    return "-" if value is None or math.isnan(value) else f"{value:{form}}"
