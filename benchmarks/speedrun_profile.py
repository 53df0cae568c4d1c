"""A profile of the speedrun's closed track: products, optimizer, sampler, everything else, and work off the clock.

    python benchmarks/speedrun_profile.py [--rounds 11] [--threads 2] [--picture FILE] [--write]

Alternately, in one process: the record recipe, the same with plain SGD in place of its optimizer, and the products of
the network alone, on as many threads with as many barriers. The optimizer's work between runs of steps, and the drawing
of orders, are timed within the first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hardware
import numpy as np
import results_file
from alternation import Quartiles, alternate, quartiles, ratios, timed
from flushed import picture as waves
from numpy.typing import NDArray
from step_products import Products

from sfumato.lab.speedrun import rules
from sfumato.lab.speedrun.tracks import TRACKS
from sfumato.lab.speedrun.trial import Trial, train, warm_up
from sfumato.recipe import Recipe, changed, preset
from sfumato.training import Trainer, resolve
from sfumato.training.engines.fused.optimizer import Optimizer
from sfumato.training.samplers import SeededSampler

NAME = "speedrun_profile"
FIRST_SEED = 0
"""First tuning seed: each round takes the next."""


class Stopwatch:
    """Accumulated seconds of calls of some methods."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def wrap(self, name: str, owner: Any, method: str) -> None:
        """Time ``owner.method`` from now on."""
        plain: Callable[..., Any] = getattr(owner, method)

        def timed_method(*arguments: Any) -> Any:
            before = time.perf_counter()
            try:
                return plain(*arguments)
            finally:
                self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - before

        setattr(owner, method, timed_method)

    def pop(self, name: str) -> float:
        """Return the seconds since the last call, and reset them."""
        return self._seconds.pop(name, 0.0)


def measure(recipe: Recipe, pixels: NDArray[np.float32], rounds: int, steps: int | None) -> dict[str, Quartiles]:
    """Return the parts' fractions of the record's seconds, and milliseconds of the whole and of work off the clock."""
    if steps is not None:
        recipe = changed(recipe, {"budget": {"steps": steps}})
    plain = changed(recipe, {"training": {"optimizer": "sgd(lr=0.001)"}})
    watch = Stopwatch()
    watch.wrap("inverses", Optimizer, "refresh_preconditioner")
    watch.wrap("order", SeededSampler, "epoch")
    watch.wrap("evaluation", Trainer, "_evaluate")
    timed_parts: dict[str, list[float]] = {name: [] for name in ("inverses", "order", "evaluation", "preparation")}
    products = Products([2, *recipe.model.widths, 3], _batch(recipe), recipe.threads)

    def trial(one: Recipe, number: int) -> Trial:
        return train(one, FIRST_SEED + number, pixels, pixels, lambda _: None, lambda: False)

    def record(number: int) -> float:
        found = trial(recipe, number)
        for name in ("inverses", "order", "evaluation"):
            timed_parts[name].append(watch.pop(name))
        timed_parts["preparation"].append(found.preparation)
        return found.seconds

    def with_sgd(number: int) -> float:
        seconds = trial(plain, number).seconds
        for name in timed_parts:
            watch.pop(name)
        return seconds

    count = trial(changed(recipe, {"seed": 0}), 0).steps
    for one in (recipe, plain):
        warm_up(one, pixels)
    products.steps(1)
    for name in timed_parts:
        watch.pop(name)
    turns = {"record": record, "sgd": with_sgd, "products": lambda _: timed(lambda: products.steps(count))}
    seconds = alternate(turns, rounds)
    whole = seconds["record"]
    optimizer = [
        a - b - inverses for a, b, inverses in zip(whole, seconds["sgd"], timed_parts["inverses"], strict=True)
    ]
    rest = [
        b - p - order for b, p, order in zip(seconds["sgd"], seconds["products"], timed_parts["order"], strict=True)
    ]
    return {
        "products of the network": ratios(seconds["products"], whole),
        "optimizer, in each step": ratios(optimizer, whole),
        "optimizer, inverses": ratios(timed_parts["inverses"], whole),
        "drawing the order": ratios(timed_parts["order"], whole),
        "all else": ratios(rest, whole),
        "milliseconds": quartiles([1e3 * one for one in whole]),
        "milliseconds of evaluation, off the clock": quartiles([1e3 * one for one in timed_parts["evaluation"]]),
        "milliseconds of preparation, off the clock": quartiles([1e3 * one for one in timed_parts["preparation"]]),
    }


def _batch(recipe: Recipe) -> int:
    batch = recipe.training.batch
    assert isinstance(batch, int)
    return batch


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="in place of the record's epochs")
    parser.add_argument("--picture", type=Path, help="mona-lisa's file; without it, waves, which take as long")
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    track = TRACKS["closed"]
    recipe = resolve(changed(rules.entered(preset(track.preset), track), {"threads": arguments.threads}))
    pixels = waves() if arguments.picture is None else rules.whole_picture(recipe, str(arguments.picture))
    found = measure(recipe, pixels, arguments.rounds, arguments.steps)
    for name, value in found.items():
        text = f"{value:.1f} ms" if name.startswith("milli") else f"{value:.3f} of the seconds"
        print(f"{name.removeprefix('milliseconds of ')}: {text}, n = {value.n}")
    if arguments.write:
        rows = {name: value.rounded(4) for name, value in found.items()}
        results_file.write(NAME, {"threads": arguments.threads} | rows | hardware.circumstances())


if __name__ == "__main__":
    main()
