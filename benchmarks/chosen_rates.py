"""How often equally good arms appear different because noise chose their learning rates, with synthetic scores.

    python benchmarks/chosen_rates.py [--repeats 400] [--shapes flat round pointed cliff] [--seeds 5 10 40]

Two arms with the same score at every learning rate, and independent noise, search for their rates as `sfumato compare`
does, and are compared on other seeds. *Bare* is the fraction of the intervals that exclude 0 without the noise of the
choice, *widened* with it; the nominal fraction is 5%. Regret is the mean loss of the chosen rate against the best one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from sfumato.lab.rates import COARSE, STEPS_PER_DECADE, TUNING_SEEDS, best_of, next_exponents
from sfumato.lab.statistics import interval, selection

NOISE = 0.5
"""Standard deviation in dB between seeds: half of its variance is the seed's, equal at all rates, half each training's.
"""

EIGHTHS = 8 / STEPS_PER_DECADE
"""Shapes are written in eighths of a decade."""

SHAPES: dict[str, Callable[[float], float]] = {
    "flat": lambda off: -0.02 * off**2,
    "round": lambda off: -0.3 * off**2,
    "pointed": lambda off: -0.9 * abs(off),
    "cliff": lambda off: 0.3 * off if off < 0 else -4.0 * off,
}
"""dB below the best rate, by eighths of a decade from it."""


def arm(shape: Callable[[float], float], best: float, random: np.random.Generator) -> tuple[float, list[list[float]]]:
    """Search once; return the true score of the chosen rate, and all noisy scores."""
    scores: dict[int, list[float]] = {}
    of_seed = random.normal(0, NOISE / math.sqrt(2), TUNING_SEEDS)
    while exponents := next_exponents(scores, 0):
        for exponent in exponents:
            of_training = random.normal(0, NOISE / math.sqrt(2), TUNING_SEEDS)
            scores[exponent] = list(shape((exponent - best) * EIGHTHS) + of_seed + of_training)
    return shape((best_of(scores) - best) * EIGHTHS), list(scores.values())


def main() -> None:
    """Print a line for every shape and number of seeds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES), help="of the peak")
    parser.add_argument("--seeds", nargs="+", type=int, default=[5, 10, 40])
    arguments = parser.parse_args()
    repeats = arguments.repeats
    random = np.random.default_rng(2012)
    print("| peak | seeds | bare | widened | width | rates tried | regret, dB |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.shapes:
        shape = SHAPES[name]
        for seeds in arguments.seeds:
            bare = widened = tried = 0
            regret = width = 0.0
            for _ in range(repeats):
                best = random.uniform(-COARSE, COARSE)
                (a, table_a), (b, table_b) = (arm(shape, best, random) for _ in range(2))
                differences = list(a - b + random.normal(0, NOISE * math.sqrt(2), seeds))
                plain = interval(differences)
                found = interval(differences, selection=selection(table_a, table_b))
                bare += plain.sign != 0
                widened += found.sign != 0
                tried += len(table_a)
                regret -= a
                width += (found.high - found.low) / (plain.high - plain.low)
            shares = f"{bare / repeats:.1%} | {widened / repeats:.1%} | x{width / repeats:.2f}"
            print(f"| {name} | {seeds} | {shares} | {tried / repeats:.1f} | {regret / repeats:.2f} |", flush=True)


if __name__ == "__main__":
    main()
