"""The speed of the online engine over the 2012 program's arithmetic, on the same samples in the same order.

    python benchmarks/online_vs_replica.py [--rounds 15] [--samples 2000] [--write]

On a machine with other load give it real-time priority: `chrt -f 10 python ...`.

On an EPYC of the Zen 5 generation with 2 cores, n = 31: 11.0 times the replica's samples/s on one thread (quartiles
10.9 to 12.5; 14.6 us per sample), 22.2 times on two (21.4 to 24.9; 7.3 us). The limits are explained in
docs/decisions/009-weights-are-read-twice-per-sample.md.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import baseline_replica_kernel
import hardware
import numpy as np
import results_file
import torch
from agreement import disagreement
from alternation import alternate, quartiles, ratios
from numpy.typing import NDArray
from PIL import Image

from sfumato import models
from sfumato.recipe import choices, preset
from sfumato.training.engines.engine import Task
from sfumato.training.engines.online.engine import Online
from sfumato.training.engines.replica import Replica

ROWS, COLUMNS = 429, 300
NAME = "online_vs_replica"
PICTURE = Path(__file__).parents[2] / "shared" / "images" / "mona-lisa.png"


class Side(NamedTuple):
    """One side of the comparison."""

    restart: Callable[[], None]
    """Reset to the initial weights, which are the same on every side."""
    train: Callable[[NDArray[np.int64]], float]
    """Takes one step for each of some pixels; returns the sum of their squared errors."""


def picture(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return colors (N, 3): the Mona Lisa where its file lies beside the project, else waves; the speed is the same."""
    if PICTURE.exists():
        with Image.open(PICTURE) as image:
            return np.asarray(image.convert("RGB")).reshape(-1, 3) / 255
    return 0.5 + 0.4 * np.sin(coordinates @ np.array([[9.0, 4.0, 1.0], [2.0, 7.0, 12.0]]))


def sides() -> tuple[dict[str, Side], NDArray[np.int64]]:
    """Return every engine at the start of the same run, and the order of its pixels."""
    recipe = preset("blog-2012")
    coordinates = models.grid(recipe.coordinates, ROWS, COLUMNS)
    targets = picture(coordinates)
    model = models.build(recipe.model, 3, recipe.seed)
    replica = Replica(Task(recipe, coordinates, targets, model, 1))
    order = replica.sampler().epoch().indices
    weights = {name: torch.from_numpy(array) for name, array in replica.weights().items()}

    def online(threads: int) -> Side:
        model = models.build(recipe.model, 3, recipe.seed)
        model.load_state_dict(weights)
        engine = Online(Task(recipe, coordinates, targets, model, threads))
        first = engine.state()
        return Side(
            lambda: engine.load(first), lambda pixels: engine.advance(pixels, np.ones(len(pixels))).squared_error
        )

    sgd, activation = recipe.training.optimizer, recipe.model.activation
    assert isinstance(sgd, choices.SGD)
    assert isinstance(activation, choices.LeakyReLU)
    slope = activation.negative_slope
    sizes = np.array([2, *recipe.model.widths, 3])
    rates = np.array([sgd.lr / math.sqrt(fan_in + 1) for fan_in in sizes[:-1]])
    first = replica.state()["weights"]
    flat = first.copy()

    def restart() -> None:
        flat[:] = first

    def train(pixels: NDArray[np.int64]) -> float:
        return baseline_replica_kernel.train(
            flat, sizes, slope, rates, coordinates, targets, pixels, np.ones(len(pixels))
        )

    return {"replica": Side(restart, train), "online, 1 thread": online(1), "online, 2 threads": online(2)}, order


def measure(rounds: int, samples: int) -> dict[str, list[float]]:
    """Return microseconds per sample by side and round; exit where losses differ by more than rounding."""
    all_sides, order = sides()
    for side in all_sides.values():
        side.train(order[:1])
    errors: dict[str, list[float]] = {name: [] for name in all_sides}

    def turn(name: str, number: int) -> float:
        pixels = np.roll(order, -number * samples)[:samples]
        # float32 loses 7e-8 of the squared error per thousand steps, so all sides restart in each round.
        all_sides[name].restart()
        before = time.perf_counter()
        errors[name].append(all_sides[name].train(pixels))
        return (time.perf_counter() - before) / samples * 1e6

    times = alternate({name: lambda number, name=name: turn(name, number) for name in all_sides}, rounds)
    for number in range(rounds):
        if reasons := disagreement({name: values[number] for name, values in errors.items()}, "replica"):
            sys.exit(f"no result: {reasons}")
    return times


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    times = measure(arguments.rounds, arguments.samples)
    medians = {name: quartiles(values).median for name, values in times.items()}
    quotients = {name: ratios(times["replica"], values) for name, values in times.items() if name != "replica"}
    for name, median in medians.items():
        print(f"{name}: {median:.1f} us per sample")
    for name, quotient in quotients.items():
        print(f"{name}: {quotient:.1f} times the replica, n = {quotient.n}")
    if arguments.write:
        result = {
            "what": "samples/s of training 4x300 on 300x429, alternately in one run, over the replica as it landed",
            "n": arguments.rounds,
            "samples_per_round": arguments.samples,
            "microseconds_a_sample_median": {name: round(median, 2) for name, median in medians.items()},
            "times_the_replica": {name: quotient.rounded(2) for name, quotient in quotients.items()},
        }
        results_file.write(NAME, result | hardware.circumstances())


if __name__ == "__main__":
    main()
