"""Whether the default optimizer is the best in equal time: many pictures, several networks, rates tuned alike.

    python benchmarks/optimizers_result.py --pictures kodak --out ~/optimizers [--minutes 30] [--dry-run]

Calibrate (a minute, once), then run one experiment per network in the folder --out, then write
docs/results/optimizers.md, its figure, and benchmarks/results/optimizers.json. It takes about 1.5 hours of processor
time. It may be ended at any time, and the same command continues; --minutes ends it after some minutes. Given more
--seeds, it adds them.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import optimizers_figure
import optimizers_numbers
import optimizers_page
import optimizers_plan
import results_file
from optimizers_calibration import Calibration, calibration
from optimizers_plan import NETWORKS, OPTIMIZERS, Settings

from sfumato.lab import report
from sfumato.lab.arms import Picture, values_of
from sfumato.lab.experiment import Experiment, StoppedError, run_plan
from sfumato.lab.plan import Plan
from sfumato.lab.rates import TYPICAL_RATES
from sfumato.runs.files import write_bytes

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = "results/optimizers.md"
FIGURE = "pictures/optimizers-differences.svg"

TUNING_SEEDS = 5
"""Seeds and pictures at each rate. The intervals include the noise of the choice; with three seeds its two degrees of
freedom would make intervals for many comparisons at once several times as wide."""

PROCESSOR = "processor.jsonl"
"""Processor seconds of every run of the command that was not killed, one line each."""


def main(given: Sequence[str] | None = None) -> None:
    """Calibrate, train what is missing, and write the page."""
    arguments = _parser().parse_args(given)
    settings = Settings(
        arguments.seconds, arguments.width, arguments.max_side, tuple(arguments.networks), tuple(arguments.optimizers)
    )
    out, minutes = Path(arguments.out).expanduser(), arguments.minutes
    pictures = optimizers_plan.load_pictures(arguments.pictures, settings)
    times = calibration(out, settings, arguments.rounds)
    plans = _plans(times, pictures, settings, arguments.seeds, arguments.tuning_seeds)
    for network, plan in plans.items():
        print(forecast(network, plan, settings), flush=True)
    if arguments.dry_run:
        return
    end = None if minutes is None else time.monotonic() + 60 * minutes
    try:
        experiments = _trained(
            {network: plan for network, plan in plans.items() if network in (arguments.part or plans)},
            pictures,
            out,
            arguments.workers,
            lambda: end is not None and time.monotonic() > end,
        )
    except StoppedError:
        print("stopped before the end; the same command continues.")
        return
    finally:
        _note_processor_time(out)
    if len(experiments) < len(plans):
        print("this part is finished; without --part the page is written.")
        return
    found = optimizers_numbers.numbers(experiments, times, settings, processor_hours(out))
    page = Path(arguments.docs) / PAGE
    figure = Path(arguments.docs) / FIGURE
    for path, text in ((figure, optimizers_figure.figure(found)), (page, optimizers_page.page(found, FIGURE))):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode())
        print(path)
    print(results_file.write("optimizers", found, Path(arguments.results)))


def forecast(network: str, plan: Plan, settings: Settings) -> str:
    """Return a line about a network's trainings and their cost."""
    tuning = TYPICAL_RATES * len(plan.tuning_units)
    trials = len(plan.arms) * (tuning + len(plan.verdict_units))
    steps = ", ".join(f"{arm.name} {arm.recipe.budget.steps:,}" for arm in plan.arms)
    return (
        f"{network}: about {trials} trainings, {trials * settings.seconds / 3600:.2f} hours of one core; steps: {steps}"
    )


def processor_hours(out: Path) -> float:
    """Return the processor hours of all runs of the command that were not killed."""
    path = out / PROCESSOR
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sum(json.loads(line)["seconds"] for line in lines) / 3600


def _plans(
    times: Calibration, pictures: Sequence[Picture], settings: Settings, seeds: int, tuning_seeds: int
) -> dict[str, Plan]:
    return {
        network: optimizers_plan.plan(
            network, times.steps(network, settings), pictures, settings, seeds=seeds, tuning_seeds=tuning_seeds
        )
        for network in settings.networks
    }


def _trained(
    plans: dict[str, Plan], pictures: Sequence[Picture], out: Path, workers: int, stop: Callable[[], bool]
) -> dict[str, Experiment]:
    found: dict[str, Experiment] = {}
    for network, plan in plans.items():
        last = [time.monotonic()]

        def watch(done: int, total: int, network: str = network, last: list[float] = last) -> None:
            if time.monotonic() - last[0] > 60:
                last[0] = time.monotonic()
                print(f"{network}: {done / max(total, 1):.0%}", flush=True)

        found[network] = run_plan(plan, values_of(pictures), out / network, workers=workers, watch=watch, stop=stop)
        report.write(found[network])
        print(f"{network}: finished", flush=True)
    return found


def _note_processor_time(out: Path) -> None:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    with (out / PROCESSOR).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"seconds": round(seconds, 1)}) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    default = Settings()
    parser.add_argument("--pictures", default="kodak", help="a folder, a pattern, or kodak")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the experiments and the calibration")
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of one core, per training")
    parser.add_argument("--seeds", type=int, default=1, help="per picture")
    parser.add_argument("--tuning-seeds", type=int, default=TUNING_SEEDS, help="each on another picture")
    parser.add_argument("--width", type=int, default=default.width)
    parser.add_argument("--max-side", type=int, default=default.max_side, help="longer side of a picture in pixels")
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--optimizers", nargs="+", choices=OPTIMIZERS, default=list(OPTIMIZERS))
    parser.add_argument("--rounds", type=int, default=7, help="of the calibration")
    parser.add_argument("--workers", type=int, default=0, help="trainings at a time; 0: one per core")
    parser.add_argument("--part", nargs="+", choices=list(NETWORKS), help="train these networks only")
    parser.add_argument("--minutes", type=float, help="end after so many minutes; the same command continues")
    parser.add_argument("--dry-run", action="store_true", help="calibrate, and print how long it takes")
    parser.add_argument("--docs", default=str(DOCS), metavar="DIR", help="where the page and its figure go")
    parser.add_argument("--results", default=str(results_file.FOLDER), metavar="DIR", help="where the numbers go")
    return parser


if __name__ == "__main__":
    main()
