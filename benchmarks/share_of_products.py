"""The fraction of a fused training step that its matrix products take when executed alone.

    python benchmarks/share_of_products.py [4x300 ...] [--rounds 25] [--threads 1 2] [--write]

Alternately, in one process: some steps of the engine, and the same products on buffers of the same layout, on the same
number of threads with as many barriers. Everything else that the engine does (samples, activations, errors, new
weights, and their use of the caches) is the rest. On two threads much of it is data that one writes and the other
reads: so the latency of a barrier, which shows how distant their cores are, is measured before and after.
"""

from __future__ import annotations

import argparse
import math
import sys

import barrier_latency
import hardware
import results_file
from alternation import Quartiles, alternate, quartiles, ratios, timed
from peers.fused import prepare
from settings import SETTINGS, pixels, problem
from step_products import Products

NAME = "share_of_products"
OPERATIONS = 17e9
"""Operations per round: less than a tenth of a second."""


def measure(setting: str, threads: int, rounds: int, steps: int) -> tuple[Quartiles, Quartiles]:
    """Return the products' time over the step's, and the step's in milliseconds.

    Raises ArithmeticError where the engine's loss is not finite, since timings would be of the wrong computation.
    """
    chosen = SETTINGS[setting]
    posed = problem(chosen)
    side = prepare(posed, threads)
    products = Products([posed.features.shape[1], *posed.recipe.model.widths, 3], chosen.batch, threads)
    products.steps(1)
    samples = pixels(chosen, 0, steps).reshape(steps, -1)
    losses: list[float] = []

    def train() -> None:
        losses.append(side.train(samples))

    def turn() -> float:
        side.restart()
        return timed(train)

    turn()
    seconds = alternate({"step": lambda _: turn(), "products": lambda _: timed(lambda: products.steps(steps))}, rounds)
    if not all(math.isfinite(loss) for loss in losses):
        raise ArithmeticError(f"{setting}: the engine's loss is {losses[-1]}")
    return ratios(seconds["products"], seconds["step"]), quartiles([s / steps * 1e3 for s in seconds["step"]])


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", nargs="*", default=["4x300"], metavar="SETTING", help=", ".join(SETTINGS))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--steps", type=int, help="of a round")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--write", action="store_true", help=f"write these rows of {NAME}.json")
    arguments = parser.parse_args()
    for setting in arguments.settings:
        steps = arguments.steps or SETTINGS[setting].steps(OPERATIONS)
        for threads in arguments.threads:
            try:
                latencies = [barrier_latency.nanoseconds(3).median] if threads == 2 else []
                share, step = measure(setting, threads, arguments.rounds, steps)
                latencies += [barrier_latency.nanoseconds(3).median] if threads == 2 else []
            except ArithmeticError as error:
                sys.exit(f"no result: {error}")
            rate = SETTINGS[setting].operations() / step.median / 1e6
            name = f"{setting}, {threads} thread{'s' if threads > 1 else ''}"
            print(
                f"{name}: products {share:.3f} of the step's {step.median:.3f} ms ({rate:.0f} GFLOP/s), n = {share.n}"
                + (f"; a barrier {' and '.join(f'{each:.0f}' for each in latencies)} ns" if latencies else "")
            )
            row = {"share": share.rounded(4), "milliseconds_per_step": step.rounded(4)}
            row |= {"nanoseconds_per_barrier": [round(each) for each in latencies]} if latencies else {}
            if arguments.write:
                results_file.merge(NAME, {name: row | hardware.circumstances()})


if __name__ == "__main__":
    main()
