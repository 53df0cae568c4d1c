"""Experiments on the command line: the forecast, the progress, and the results."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfumato.cli.progress import StagesProgress
from sfumato.formatting import duration, pluralize
from sfumato.interrupt import stop_on_signals
from sfumato.lab import arm_summaries, picture_sets, report, saturation_report, trainable, verdict
from sfumato.lab.arms import Picture, load, values_of
from sfumato.lab.compare import default_folder, plan_of
from sfumato.lab.executors import select
from sfumato.lab.experiment import Experiment, StoppedError, run_plan
from sfumato.lab.forecast import forecast
from sfumato.lab.plan import Plan
from sfumato.lab.questions import custom
from sfumato.lab.report.tuning_part import tuned_words
from sfumato.lab.result_values import result_values
from sfumato.lab.train import Learned
from sfumato.log import log_to
from sfumato.recipe import Recipe
from sfumato.render.text import one_line
from sfumato.runs.files import output_flag

COLUMNS = ("arm", "score", "±", "seeds", "parameters", "epochs", "GFLOP", "s", "GFLOP to target", "s to target", "rate")

WIDTH = 120
"""Width in characters of a table that is not printed on a terminal."""


def run_experiment(
    question: str | Mapping[str, Recipe],
    recipe: Recipe,
    *,
    pictures: str | None,
    out: Path | None,
    workers: int,
    executor: str | None,
    retry: bool,
    as_json: bool = False,
    **options: Any,
) -> int:
    """Plan, train, and print the results; return the exit status: 0, or 130 after an interruption.

    question: the name of a question, or custom arms by name. pictures: the set of pictures, None for the recipe's.
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
    targets = load_targets(recipe, pictures)
    if pictures is not None:
        recipe = picture_sets.of_picture(recipe, targets[0])
        question = picture_sets.with_first(question, targets)
    plan = plan_of(question, targets, recipe, **options)
    return train_and_print(plan, targets, out=out, workers=workers, executor=executor, retry=retry, as_json=as_json)


def load_targets(recipe: Recipe, pictures: str | None) -> list[Picture]:
    """Return the picture of the recipe, or a set of pictures: a folder, a pattern, or a set's name."""
    return [load(recipe)] if pictures is None else picture_sets.load(recipe, pictures)


def train_and_print(
    plan: Plan,
    pictures: Sequence[Picture],
    *,
    out: Path | None,
    workers: int,
    executor: str | None,
    retry: bool,
    as_json: bool = False,
) -> int:
    """Train the trials of a plan and print the results; return the exit status as `run_experiment` does.

    as_json: print one JSON document instead.
    """
    trainable.check(plan)
    # Before the forecast, which trains each arm for a moment.
    select.check(executor, [arm.recipe for arm in plan.arms])
    folder, learned = default_folder(plan) if out is None else out, values_of(pictures)
    progress = StagesProgress()
    files: list[Path] = []
    try:
        with stop_on_signals() as stop, progress, log_to(progress.say), output_flag("--out"):
            progress.say(forecast_line(plan, learned, folder, workers, executor, retry=retry))
            experiment = run_plan(
                plan,
                learned,
                folder,
                workers=workers,
                executor=executor,
                watch=lambda done, total: progress.stage("trials", done, total),
                stop=stop,
                retry=retry,
            )
            files = report.write(experiment)
    except StoppedError:
        sys.stderr.write(f"sfumato: stopped. Run the same command again to continue from {folder}.\n")
        return 130
    if as_json:
        values = {**result_values(experiment), "report": str(files[0])}
        sys.stdout.write(json.dumps(values, indent=2, allow_nan=False) + "\n")
    else:
        print_results(experiment)
        sys.stdout.write(f"report      {files[0]}\n")
    return 0


def forecast_line(
    plan: Plan, target: Learned, folder: Path, workers: int, executor: str | None = None, *, retry: bool = False
) -> str:
    """Return the forecast of an experiment as one line.

    ``2 arms, 10 seeds, 20 epochs, 112 x 160 pixels: about 56 trials, 36 of them to find learning rates, about 25 s``.
    """
    # How many cores other machines have, and how fast they are, is not known here.
    elsewhere = executor is not None and not workers
    expected = forecast(plan, target, folder, 1 if elsewhere else workers, retry=retry)
    size = _size(plan)
    epochs = {arm.recipe.budget.epochs for arm in plan.arms}
    (epochs_of_all,) = epochs if len(epochs) == 1 else (None,)
    budget = "" if epochs_of_all is None else f", {epochs_of_all:g} epoch{'' if epochs_of_all == 1 else 's'}"
    done = f" ({expected.done:,} already done)" if expected.done else ""
    searched = tuned_words(plan)
    search = f", {expected.tuning:,} of them to find {searched}" if expected.tuning else ""
    # A search of several fields takes a number of trials that is known before.
    about = "about " if expected.tuning and not (plan.tuning and plan.tuning.halves) else ""
    each = " on each picture" if plan.has_set else ""
    time = f", {duration(expected.seconds)}" if expected.seconds else ""
    time += " of a core like these" if time and elsewhere else ""
    return (
        f"{pluralize(len(plan.arms), 'arm')}, {pluralize(len(plan.seeds), 'seed')}{each}{budget}, {size}: "
        f"{about}{pluralize(expected.left, 'trial')}{search}{done}{time}"
    )


def _size(plan: Plan) -> str:
    if plan.task == "digits":
        return f"{plan.samples():,} digits"
    if not plan.has_set:
        return f"{plan.picture['width']} x {plan.picture['height']} pixels"
    apart = set(plan.tuning_pictures) - set(plan.verdict_pictures)
    tuning = f" and {len(apart)} to find {tuned_words(plan)}" if apart else ""
    pixels = [plan.samples(number) for number in plan.verdict_pictures]
    sizes = f"{pixels[0]:,}" if min(pixels) == max(pixels) else f"{min(pixels):,} to {max(pixels):,}"
    return f"{pluralize(len(plan.verdict_pictures), 'picture')}{tuning} of {sizes} pixels"


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
    renamed = {"score": head, "seeds": "trainings" if experiment.plan.has_set else "seeds"}
    for name in (renamed.get(column, column) for column in COLUMNS):
        rows.add_column(name, justify="left" if name == "arm" else "right", overflow="fold")
    for line in arm_summaries.lines(experiment):
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
            Text(one_line(arm_summaries.tuned_text(line))),
        )
    console.print(rows)
    goal = arm_summaries.target(experiment)
    over = "trainings on all pictures" if experiment.plan.has_set else "seeds"
    sys.stdout.write(f"\n±: standard deviation over the {over}")
    sys.stdout.write("\n" if goal is None else f"; target: {goal:.1f} {head}, the final value of the worst arm\n")


def _number(value: float | None, format_spec: str = ".3g") -> str:
    return "-" if value is None or math.isnan(value) else f"{value:{format_spec}}"
