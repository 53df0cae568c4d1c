"""The PSNR that optimizers reach in equal seconds of one core, each at its own best learning rate.

    python benchmarks/equal_seconds.py [--picture cat] [--seconds 1 3 10] [--seeds 3] [--only soap kfac] [--write NAME]

First the steps of all are timed alternately, in this thread's CPU time, so that other load on the machine counts
little. Then each trains for the number of steps that fit into the seconds: the PSNR does not depend on the load while
it trains. Rates are chosen as `sfumato compare` does, by the PSNR after the middle one of the budgets, on two seeds
that the table does not use.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import hardware
import numpy as np
import results_file
from alternation import Quartiles, alternate, quartiles
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.lab.plan import FIRST_TUNING_SEED
from sfumato.lab.rates import Rates, best_of, lines_of, next_exponents, with_rates
from sfumato.recipe import Recipe, changed
from sfumato.training import PictureProblem, Trainer, resolve
from sfumato.training.engines import Engine, Task, find

OPTIMIZERS = ("adam", "muon", "foof", "soap", "kfac")
COMPILED = ("adam", "muon", "foof")
"""Optimizers that engine `fused` supports."""

BATCH, STEPS = 512, 20
"""Batch size and steps per turn: by default moments are inverted once in so many steps, and bases updated twice."""


class Side(NamedTuple):
    """An optimizer in an engine."""

    optimizer: str
    engine: str

    def recipe(self, picture: str, **more: Any) -> Recipe:
        """Return the default recipe with these settings, on one thread."""
        return resolve(
            changed(
                Recipe(),
                {
                    "picture": {"source": picture},
                    "training": {"optimizer": self.optimizer, "batch": BATCH},
                    "engine": self.engine,
                    "threads": 1,
                    "evaluation": {"interval": "end"},
                    "device": "cpu",
                    **more,
                },
            )
        )


def every_side(only: Sequence[str]) -> list[Side]:
    """Return all optimizers in PyTorch, and some in compiled code as well."""
    found = [Side(name, "autograd") for name in OPTIMIZERS] + [Side(name, "fused") for name in COMPILED]
    return [side for side in found if not only or side.optimizer in only]


def engine_of(recipe: Recipe, target: NDArray[np.float32]) -> Engine:
    """Return an engine before its first step."""
    height, width, channels = target.shape
    model = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
    coordinates = models.grid(recipe.coordinates, height, width)
    exact = images.exact(target).reshape(-1, channels)
    return find(recipe.engine)(Task(recipe, coordinates, exact, model, 1))


def stepping(engine: Engine, pixels: int) -> Callable[[int], float]:
    """Return a function that measures a step's seconds of this thread's CPU time, after some warm-up steps."""
    random = np.random.default_rng(0)

    def turn(_: int) -> float:
        some = random.integers(0, pixels, STEPS * BATCH)
        before = time.thread_time()
        engine.advance(some, np.ones(STEPS))
        return (time.thread_time() - before) / STEPS

    turn(0)
    return turn


def megabytes(engine: Engine) -> float:
    """Return the megabytes of the state needed to resume, without the weights."""
    state = engine.state()
    return (
        sum(array.nbytes for name, array in state.items() if name != "weights" and not name.startswith("model/")) / 1e6
    )


def trained(recipe: Recipe, target: NDArray[np.float32], steps: int, seed: int) -> float:
    """Return the PSNR after ``steps`` steps; -inf after divergence."""
    recipe = changed(recipe, {"budget": {"steps": steps}, "seed": seed})
    last = list(Trainer(recipe, PictureProblem(recipe, target)).snapshots())[-1]
    return last.evaluation.psnr if last.ended == "steps" and last.evaluation is not None else float("-inf")


def rates_of(recipe: Recipe, target: NDArray[np.float32], steps: int) -> Rates:
    """Return the rates with the best PSNR after ``steps`` steps."""
    (line,) = lines_of(recipe.training.optimizer)
    scores: dict[int, tuple[float, ...]] = {}
    while exponents := next_exponents(scores, line.start):
        for exponent in exponents:
            with_these = with_rates(recipe, line.at(exponent))
            seeds = (FIRST_TUNING_SEED, FIRST_TUNING_SEED + 1)
            scores[exponent] = tuple(trained(with_these, target, steps, seed) for seed in seeds)
    return line.at(best_of(scores))


def line(side: Side, recipe: Recipe, cost: Quartiles, size: float, cells: Sequence[Sequence[float]]) -> str:
    """Return a line of the table: memory, time per step, and mean PSNR (least to most)."""
    texts = [f"{statistics.mean(cell):.2f} ({min(cell):.2f} to {max(cell):.2f})" for cell in cells]
    rate, took = recipe.training.optimizer.lr, cost.median
    return " | ".join([f"| `{side.optimizer}`, `{side.engine}`", f"{rate:.2g}", f"{size:.1f}", f"{took:.1f}", *texts])


def main() -> None:
    """Time, tune, train, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", default="cat", help="a sample's name or a file")
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 3, 10])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=OPTIMIZERS, default=[])
    parser.add_argument("--write", metavar="NAME", help="of a file among the results")
    arguments = parser.parse_args()
    sides = every_side(arguments.only)
    recipes = {side: side.recipe(arguments.picture) for side in sides}
    target = images.load(recipes[sides[0]].picture)
    engines = {side: engine_of(recipes[side], target) for side in sides}
    pixels = target.shape[0] * target.shape[1]
    turns = {" ".join(side): stepping(engine, pixels) for side, engine in engines.items()}
    milliseconds = {name: [1e3 * each for each in took] for name, took in alternate(turns, arguments.rounds).items()}
    print("| optimizer, engine | rate | MB | ms per step | " + " | ".join(f"{s:g} s" for s in arguments.seconds) + " |")
    print("|---" * (4 + len(arguments.seconds)) + "|")
    rows: list[dict[str, Any]] = []
    for side in sides:
        cost = quartiles(milliseconds[" ".join(side)])
        steps = [max(1, int(1e3 * seconds / cost.median)) for seconds in arguments.seconds]
        recipe = recipes[side]
        recipe = with_rates(recipe, rates_of(recipe, target, steps[len(steps) // 2]))
        cells = [[trained(recipe, target, count, seed) for seed in range(arguments.seeds)] for count in steps]
        size = megabytes(engines[side])
        print(line(side, recipe, cost, size, cells), "|", flush=True)
        rows.append(
            {
                "optimizer": str(recipe.training.optimizer),
                "engine": side.engine,
                "milliseconds_per_step": cost.rounded(2),
                "megabytes": round(size, 2),
                "steps": steps,
                "db": [[round(value, 3) for value in cell] for cell in cells],
            }
        )
    if arguments.write:
        results_file.write(arguments.write, {"seconds": arguments.seconds, "rows": rows} | hardware.circumstances())


if __name__ == "__main__":
    main()
