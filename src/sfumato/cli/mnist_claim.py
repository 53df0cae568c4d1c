"""The command ``sfumato compare mnist-claim``: two experiments and three counts, reported together."""

from __future__ import annotations

import sys
from pathlib import Path

from sfumato.cli import experiments
from sfumato.cli.progress import StagesProgress
from sfumato.interrupt import stop_on_signals
from sfumato.lab import report, trainable
from sfumato.lab.arms import load, values_of
from sfumato.lab.compare import paired_seeds
from sfumato.lab.digits import data, epoch_time, mnist
from sfumato.lab.digits.data import Digits
from sfumato.lab.executors import select
from sfumato.lab.experiment import Experiment, StoppedError, run_plan
from sfumato.lab.mnist_claim import Claim, checked, default_folder
from sfumato.lab.questions import mnist_claim
from sfumato.lab.report import claim_page
from sfumato.lab.tuning_options import Tune, require_optuna, tuning_of
from sfumato.log import log_to
from sfumato.recipe import Recipe
from sfumato.runs.files import output_flag

FETCH = "fetch"
"""The value of ``--mnist`` that downloads MNIST, once, instead of naming a folder."""


def run_experiment(
    recipe: Recipe,
    *,
    digits: str | None,
    out: Path | None,
    workers: int,
    executor: str | None,
    seeds: int,
    tune: Tune,
    tuning_seeds: int,
    tuning_trials: int | None,
    retry: bool,
    parameters: int | None,
) -> int:
    """Count, time, train, and print the results; return the exit status: 0, or 130 after an interruption.

    digits: the folder of MNIST's files, or `FETCH`; None: the bundled digits.
    """
    digit_data = _load_digits(digits)
    picture = load(recipe)
    plans = mnist_claim.plans(
        recipe,
        picture,
        digit_data,
        seeds=paired_seeds(seeds),
        tuning=tuning_of(tune, tuning_seeds, tuning_trials),
        parameters=parameters,
    )
    for plan in plans:
        trainable.check(require_optuna(plan))
        # Before the forecasts, which train each arm for a moment.
        select.check(executor, [arm.recipe for arm in plan.arms])
    folder = checked(default_folder(plans) if out is None else out)
    progress = StagesProgress()
    experiments_run: list[Experiment] = []
    try:
        with stop_on_signals() as stop, progress, log_to(progress.say), output_flag("--out"):
            targets = {mnist_claim.PICTURE: values_of([picture]), mnist_claim.DIGITS: digit_data}
            for plan, name in zip(plans, targets, strict=True):
                line = experiments.forecast_line(plan, targets[name], folder / name, workers, executor, retry=retry)
                progress.say(f"{name}: {line}")
            timed = epoch_time.measure(recipe, stop)
            for plan, name in zip(plans, targets, strict=True):
                experiments_run.append(
                    run_plan(
                        plan,
                        targets[name],
                        folder / name,
                        workers=workers,
                        executor=executor,
                        watch=lambda done, total, name=name: progress.stage(name, done, total),
                        stop=stop,
                        retry=retry,
                    )
                )
                report.write(experiments_run[-1])
    except StoppedError:
        sys.stderr.write(f"sfumato: stopped. Run the same command again to continue from {folder}.\n")
        return 130
    claim = Claim(timed, *experiments_run)
    page = claim_page.write(claim, folder)
    for experiment in experiments_run:
        experiments.print_table(experiment)
    sys.stdout.write("\n" + "\n".join([*claim.counts(), "", *claim.verdicts()]) + "\n")
    sys.stdout.write(f"\nexperiments {folder}\nreport      {page}\n")
    return 0


def _load_digits(source: str | None) -> Digits:
    if source is None:
        return data.load_bundled()
    return mnist.load(mnist.fetched() if source == FETCH else Path(source))
