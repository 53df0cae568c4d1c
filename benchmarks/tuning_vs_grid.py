"""The search of `--tune lr,omega` beside a grid of 25 points with whole budgets: dB on fresh seeds, and the cost.

    python benchmarks/tuning_vs_grid.py [--pictures a.png b.png ...] [--side 48] [--epochs 20] [--seeds 5] [--write]

On every picture two small networks are tuned: a SIREN (learning rate and omega) and one with Fourier features (learning
rate and sigma). The grid has five values of each number, which divide the same ranges evenly on a logarithmic scale,
and chooses on the same tuning seeds. Both choices are then trained on seeds that neither used. The cost is the number
of samples trained.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import hardware
import results_file

from sfumato.lab.arms import load, values_of
from sfumato.lab.compare import plan_of
from sfumato.lab.executors.threads import Threads
from sfumato.lab.experiment import run_plan, trial_of
from sfumato.lab.halving_tuning import setting_at
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.setting import Setting
from sfumato.lab.train import Learned
from sfumato.lab.trial import Key, key_at
from sfumato.lab.tuning import good
from sfumato.recipe import Recipe, changed

NAME = "tuning_vs_grid"
POINTS = 5
"""Values of each number in the grid."""

ARMS: dict[str, dict[str, Any]] = {
    "sine": {"activation": "sine(30)", "init": "siren(30)"},
    "fourier": {"activation": "relu", "init": "he", "encoding": "fourier(sigma=10, features=32)"},
}
PICTURES = [str(Path(__file__).parents[2] / "shared" / "kodak" / f"kodim{n:02}.png") for n in (1, 5, 9, 15, 23)]


def trained(plan: Plan, learned: Learned, keys: Sequence[Key], workers: int) -> dict[Key, dict[str, Any]]:
    """Return the rows of these trials."""
    trials = [trial_of(plan, key) for key in keys]
    return {each.key: each.row for each in Threads(workers)(trials, learned, lambda: False)}


def score(rows: Sequence[dict[str, Any]]) -> float:
    """Return the mean PSNR; -inf where a training failed or diverged."""
    return statistics.fmean(row["psnr"] for row in rows) if all(map(good, rows)) else -math.inf


def grid(plan: Plan, arm: Arm) -> list[Setting]:
    """Return the settings of the grid."""
    ranges = [each.range for each in plan.tuned_fields(arm.name)]
    values = [[one.at(number / (POINTS - 1)) for number in range(POINTS)] for one in ranges]
    return [setting_at(plan, arm, point) for point in product(*values)]


def compared(picture: str, side: int, epochs: float, seeds: int, workers: int, trials: int | None) -> dict[str, Any]:
    """Return what both searches came to on a picture, by arm."""
    base = changed(
        Recipe(),
        {
            "picture": {"source": picture, "max_side": side},
            "model": {"width": 32, "depth": 2},
            "training": {"batch": 64, "optimizer": "adam"},
            "budget": {"epochs": epochs},
        },
    )
    targets = [load(base)]
    arms = {name: changed(base, {"model": model}) for name, model in ARMS.items()}
    plan = plan_of(arms, targets, seeds=seeds, tune="lr,omega,sigma", tuning_trials=trials)
    learned = values_of(targets)
    with tempfile.TemporaryDirectory() as folder:
        found = run_plan(plan, learned, Path(folder) / "e", workers=workers)
    result: dict[str, Any] = {}
    for arm in plan.arms:
        settings = grid(plan, arm)
        keys = {each: [key_at("tuning", arm.name, unit, each) for unit in plan.tuning_units] for each in settings}
        of_grid = trained(plan, learned, [key for each in keys.values() for key in each], workers)
        best = max(settings, key=lambda each: score([of_grid[key] for key in keys[each]]))
        fresh = [key_at("verdict", arm.name, unit, best) for unit in plan.verdict_units]
        again = score(list(trained(plan, learned, fresh, workers).values()))
        of_search = [row for key, row in found.rows.items() if key.arm == arm.name and key.purpose == "tuning"]
        chosen = score(list(found.results(arm).values()))
        result[arm.name] = {
            "grid_db": again,
            "search_db": chosen,
            "difference_db": chosen - again,
            "cost_ratio": sum(row["samples"] for row in of_search) / sum(row["samples"] for row in of_grid.values()),
            "trainings": [len(of_search), len(of_grid)],
            "grid": [list(best.rates), dict(best.values)],
            "search": [list(found.rates(arm)), dict(found.setting(arm).values)],
        }
    return result


def main() -> None:
    """Print a line for each picture and network, and the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", nargs="+", default=PICTURES, help="files or samples")
    parser.add_argument("--side", type=int, default=48, help="pixels of the longer side")
    parser.add_argument("--epochs", type=float, default=20)
    parser.add_argument("--seeds", type=int, default=5, help="fresh seeds on which both choices are trained")
    parser.add_argument("--trials", type=int, help="settings that the search tries")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write results/{NAME}.json")
    given = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    print("| picture | network | grid, dB | search, dB | difference, dB | cost |\n|---|---|---|---|---|---|")
    for picture in given.pictures:
        name = Path(picture).stem
        results[name] = compared(picture, given.side, given.epochs, given.seeds, given.workers, given.trials)
        for arm, one in results[name].items():
            numbers = f"{one['grid_db']:.2f} | {one['search_db']:.2f} | {one['difference_db']:+.2f}"
            print(f"| {name} | {arm} | {numbers} | {one['cost_ratio']:.0%} |", flush=True)
    means: dict[str, dict[str, float]] = {}
    for arm in ARMS:
        of_arm = [each[arm] for each in results.values()]
        differences = [each["difference_db"] for each in of_arm]
        cost = statistics.fmean(each["cost_ratio"] for each in of_arm)
        mean, worst = statistics.fmean(differences), min(differences)
        means[arm] = {"difference_db": mean, "worst_db": worst, "cost_ratio": cost}
        print(f"{arm}: {mean:+.2f} dB, at worst {worst:+.2f}, at {cost:.0%} of the cost")
    if given.write:
        settings = {"side": given.side, "epochs": given.epochs, "seeds": given.seeds, "n": len(results)}
        around = hardware.circumstances("optuna")
        results_file.write(NAME, {"settings": settings, "means": means, "pictures": results, **around})


if __name__ == "__main__":
    main()
