"""The gain of flushing subnormal numbers to 0 in the fused engine, for a network that makes many of them.

    python benchmarks/flushed.py [--rounds 11] [--steps 100] [--size 300x429] [--write]

Alternately, in one process, from the same weights: the first steps of the preset `fast` with activation `gaussian`, and
with its default activation, which makes none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import hardware
import numpy as np
import results_file
from alternation import Quartiles, alternate, ratios
from numpy.typing import NDArray

from sfumato.recipe import changed, preset
from sfumato.training import PictureProblem, Trainer, resolve
from sfumato.training.engines.compiled_engine import flushed
from sfumato.training.engines.fused import engine

NAME = "flushed"


def picture(columns: int = 300, rows: int = 429) -> NDArray[np.float32]:
    """Return a picture (rows, columns, 3) of waves."""
    coordinates = np.stack(np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij"), axis=-1)
    return (0.5 + 0.4 * np.sin(coordinates @ np.array([[9.0, 4.0, 1.0], [2.0, 7.0, 12.0]]))).astype(np.float32)


def side(
    model: dict[str, Any], target: NDArray[np.float32], block: Callable[[], Any], steps: int
) -> Callable[[int], float]:
    """Return a function that times the first steps, with ``block`` in place of `flushed`."""
    changes = {"model": model, "budget": {"steps": steps}, "evaluation": {"interval": "end"}, "engine": "fused"}
    recipe = resolve(changed(preset("fast"), changes))

    def turn(_: int) -> float:
        engine.flushed = block
        try:
            last = list(Trainer(recipe, PictureProblem(recipe, target)).snapshots())[-1]
        finally:
            engine.flushed = flushed
        return last.seconds

    return turn


def measure(model: dict[str, Any], target: NDArray[np.float32], rounds: int, steps: int) -> Quartiles:
    """Return the speed with `flushed` over that without."""
    sides = {"without": side(model, target, nullcontext, steps), "with": side(model, target, flushed, steps)}
    for turn in sides.values():
        turn(0)
    seconds = alternate(sides, rounds)
    return ratios(seconds["without"], seconds["with"])


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--size", default="300x429", help="of the picture: width x height")
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    target = picture(*map(int, arguments.size.split("x")))
    rows: dict[str, Any] = {}
    for name in ("gaussian", "leaky_relu"):
        ratio = measure({"activation": name}, target, arguments.rounds, arguments.steps)
        print(f"{name}: {ratio:.2f} times as fast with subnormal numbers flushed to 0, n = {ratio.n}")
        rows[name] = ratio.rounded(3)
    if arguments.write:
        results_file.write(NAME, rows | hardware.circumstances())


if __name__ == "__main__":
    main()
