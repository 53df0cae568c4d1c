"""The rate of false verdicts of `sfumato compare`: arms that differ only in written learning rate and seed.

    python benchmarks/null_comparisons.py [--picture cat] [--count 100] [--seeds 5] [--epochs 10] [--workers 1]
    python benchmarks/null_comparisons.py --pictures kodak [--subset 8] [--count 50] [--seeds 2]

Each comparison trains two arms of one small SIREN, written with Adam at 0.003 and 0.0017, on seeds of its own. An
95% confidence interval excludes 0 in about 5 of 100. With ``--unlike`` the second arm has one unit more in each layer,
so that it chooses its rate by independent noise: the chosen rates differ, though the networks hardly do. With
``--pictures`` each comparison is one over pictures, a random subset of the set.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from sfumato.lab import picture_sets, verdict
from sfumato.lab.arms import load, values_of
from sfumato.lab.compare import plan_of
from sfumato.lab.experiment import run_plan
from sfumato.recipe import Recipe, changed

WIDTH = 32

SEED_STRIDE = 100_000
"""Difference of the seeds of successive comparisons, so that none of their seeds coincide, on up to 100 pictures."""

ARM_STRIDE = 500
"""Difference of the seeds of the two arms; a picture has 1,000."""


def arms(recipe: Recipe, number: int, *, different_widths: bool) -> dict[str, Recipe]:
    """Return the two arms of a comparison."""
    first = SEED_STRIDE * number
    return {
        "a": changed(recipe, {"seed": first, "training": {"optimizer": "adam(lr=0.003)"}}),
        "b": changed(
            recipe,
            {
                "seed": first + ARM_STRIDE,
                "training": {"optimizer": "adam(lr=0.0017)"},
                "model": {"width": WIDTH + different_widths},
            },
        ),
    }


def main() -> None:
    """Compare, and print one line per comparison and the count of false verdicts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", default="cat", help="a sample's name or a file")
    parser.add_argument("--pictures", help="a folder of pictures, a pattern, or kodak, in place of one picture")
    parser.add_argument("--subset", type=int, default=8, help="pictures of a comparison, drawn from the set")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=float, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first comparison")
    parser.add_argument("--unlike", action="store_true", help="the second arm has one unit more in each layer")
    given = parser.parse_args()
    recipe = changed(
        Recipe(),
        {
            "picture": {"source": given.picture, "max_side": 43},
            "model": {"width": WIDTH, "depth": 2, "activation": "sine(30)", "init": "siren(30)"},
            "training": {"batch": 256},
            "budget": {"epochs": given.epochs},
        },
    )
    found_pictures = [load(recipe)] if given.pictures is None else picture_sets.load(recipe, given.pictures)
    differ = 0
    for number in range(given.first, given.first + given.count):
        size = min(given.subset, len(found_pictures))
        chosen = np.random.default_rng(number).choice(len(found_pictures), size, replace=False)
        pictures = [found_pictures[index] for index in sorted(chosen)]
        plan = plan_of(arms(recipe, number, different_widths=given.unlike), pictures, seeds=given.seeds, tune=True)
        with tempfile.TemporaryDirectory() as folder:
            found = run_plan(plan, values_of(pictures), Path(folder) / "e", workers=given.workers)
        (comparison,) = verdict.comparisons(found)
        differ += comparison.difference.sign != 0
        rates = " and ".join(f"{found.rates(arm)[0]:.3g}" for arm in plan.arms)
        done = number - given.first + 1
        print(f"{done:3} {verdict.claim(comparison)}; rates {rates}; a difference in {differ} of {done}", flush=True)
    print(f"no difference shown in {given.count - differ} of {given.count}")


if __name__ == "__main__":
    main()
