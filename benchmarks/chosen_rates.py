"""How often equally good arms appear different because noise chose their learning rates, with synthetic scores.

    python benchmarks/chosen_rates.py [--repeats 400] [--shapes flat round ...] [--seeds 5 10 40]

Two arms with the same score at every learning rate, and independent noise, search for their rates as `sfumato compare`
does, and are compared on other seeds. *Bare* is the fraction of the intervals that exclude 0 without the noise of the
choice, *widened* with it; the nominal fraction is 5%. Width is how many times as wide the widened intervals are, on
average and at the 90% quantile. Regret is the mean loss of the chosen rate against the best one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sfumato.lab.rates import COARSE, STEPS_PER_DECADE, TUNING_SEEDS, best_of, next_exponents
from sfumato.lab.statistics import interval, selection

NOISE = 0.5
"""Standard deviation in dB between seeds: half of its variance is the seed's, equal at all rates, half each training's.
"""

EIGHTHS = 8 / STEPS_PER_DECADE
"""Shapes are written in eighths of a decade."""

COLLAPSE = 8.0
"""dB that a training loses that collapses."""


class Shape(NamedTuple):
    """A peak of the scores; ``off``: eighths of a decade from the best rate."""

    level: Callable[[float], float]
    """dB against the best rate, of trainings that do not collapse."""
    collapsing: Callable[[float], float] = lambda _off: 0.0
    """Fraction of the trainings that collapse."""

    def score(self, exponent: int, best: float) -> float:
        """Return the mean score of a rate."""
        off = (exponent - best) * EIGHTHS
        return self.level(off) - COLLAPSE * self.collapsing(off)


SHAPES: dict[str, Shape] = {
    "flat": Shape(lambda off: -0.02 * off**2),
    "round": Shape(lambda off: -0.3 * off**2),
    "pointed": Shape(lambda off: -0.9 * abs(off)),
    "cliff": Shape(lambda off: 0.3 * off if off < 0 else -4.0 * off),
    # A narrow peak, and a precipice, next to plateaus of trainings that have all collapsed, as those of a SIREN.
    "narrow": Shape(lambda off: max(-(off**2), -COLLAPSE)),
    "precipice": Shape(lambda off: 0.3 * off if off <= 0 else -COLLAPSE),
    # The score rises to where some trainings collapse; half a decade above it all do.
    "collapse": Shape(lambda off: 0.3 * off, lambda off: min(1.0, max(0.0, off / 4))),
}


def arm(shape: Shape, best: float, random: np.random.Generator) -> tuple[float, list[list[float]]]:
    """Search once; return the true score of the chosen rate, and all noisy scores."""
    scores: dict[int, list[float]] = {}
    of_seed = random.normal(0, NOISE / math.sqrt(2), TUNING_SEEDS)
    while exponents := next_exponents(scores, 0):
        for exponent in exponents:
            of_training = random.normal(0, NOISE / math.sqrt(2), TUNING_SEEDS)
            off = (exponent - best) * EIGHTHS
            collapsed = random.random(TUNING_SEEDS) < shape.collapsing(off)
            scores[exponent] = list(shape.level(off) - COLLAPSE * collapsed + of_seed + of_training)
    return shape.score(best_of(scores), best), list(scores.values())


def main() -> None:
    """Print a line for every shape and number of seeds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES), help="of the peak")
    parser.add_argument("--seeds", nargs="+", type=int, default=[5, 10, 40])
    arguments = parser.parse_args()
    repeats = arguments.repeats
    random = np.random.default_rng(2012)
    print("| peak | seeds | bare | widened | width (90%) | rates tried | regret, dB |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.shapes:
        shape = SHAPES[name]
        for seeds in arguments.seeds:
            bare = widened = tried = 0
            regret, wider = 0.0, list[float]()
            for _ in range(repeats):
                best = random.uniform(-COARSE, COARSE)
                (a, table_a), (b, table_b) = (arm(shape, best, random) for _ in range(2))
                differences = list(a - b + random.normal(0, NOISE * math.sqrt(2), seeds))
                plain = interval(differences)
                found = interval(differences, selection=selection(table_a, table_b))
                bare += plain.sign != 0
                widened += found.sign != 0
                wider.append((found.high - found.low) / (plain.high - plain.low))
                tried += len(table_a)
                regret -= a
            widths = f"x{np.mean(wider):.2f} (x{np.quantile(wider, 0.9):.2f})"
            shares = f"{bare / repeats:.1%} | {widened / repeats:.1%} | {widths}"
            print(f"| {name} | {seeds} | {shares} | {tried / repeats:.1f} | {regret / repeats:.2f} |", flush=True)


if __name__ == "__main__":
    main()
