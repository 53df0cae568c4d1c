"""The time of a step of the fused engine with a split of the picture, over that without one.

    python benchmarks/split_cost.py [random checkerboard ...] [--rounds 11] [--seconds 0.3] [--threads 1 2]

The default recipe trains on waves of 300 x 429 pixels; both trainings alternate, and their steps have as many samples.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from alternation import alternate, quartiles, ratios
from settings import COLUMNS, ROWS

from sfumato.recipe import Recipe, changed, choices
from sfumato.training import PictureProblem, Trainer
from sfumato.training.engines.requirements import resolve


def main() -> None:
    """Measure and print."""
    names = [name for name in choices.Split.members if name != "none"]
    parser = argparse.ArgumentParser()
    parser.add_argument("splits", nargs="*", metavar="SPLIT", help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a round")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    waves = np.stack([np.sin(rows / k) * np.cos(columns / k) for k in (20, 30, 50)], axis=-1)
    target = (0.5 + 0.4 * waves).astype(np.float32)

    def trainer(split: str, threads: int) -> Trainer:
        changes = {"data": {"split": split}, "engine": "fused", "threads": threads, "device": "cpu"}
        recipe = resolve(changed(Recipe(), changes), (ROWS, COLUMNS))
        return Trainer(recipe, PictureProblem(recipe, target))

    for name in arguments.splits or names:
        for threads in arguments.threads:
            sides = {"with": trainer(name, threads), "without": trainer("none", threads)}

            def turn(side: str, steps: int, sides: dict[str, Trainer] = sides) -> float:
                before = time.perf_counter()
                sides[side].advance(steps)
                return time.perf_counter() - before

            for side in sides:
                turn(side, 2)
            steps = max(2, round(2 * arguments.seconds / turn("without", 2)))
            turns = {side: (lambda _, side=side, steps=steps: turn(side, steps)) for side in sides}
            measured = alternate(turns, arguments.rounds)
            quotient = ratios(measured["with"], measured["without"])
            each = quartiles(measured["with"]).median / steps * 1e3
            print(
                f"{name}, {threads} thread{'s' if threads > 1 else ''}: {quotient:.3f} times the time without a split, "
                f"n = {quotient.n}; {each:.2f} ms per step"
            )


if __name__ == "__main__":
    main()
