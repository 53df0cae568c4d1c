"""What a hash grid with a network of 2 x 64 units reaches on pictures in a budget of training seconds.

    python benchmarks/hash_grid.py PICTURE|FOLDER ... [--seconds 10] [--threads 2] [--write]

Each picture is trained by the preset ``instant-ngp``, with tables that are halved until the parameters are fewer than
70% of the picture's values: a grid with more would merely store it. The seconds are those of training, without the last
evaluation.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import hardware
import results_file

import sfumato as sf
from sfumato.recipe import Recipe, changed
from sfumato.recipe.description import describe

NAME = "hash_grid"
LARGEST_SHARE = 0.7
"""Most parameters per value of the picture."""
LARGEST_TABLE = 16
"""Logarithm of the preset's table sizes."""


def main() -> None:
    """Train on each picture, print a row for each, and their mean."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    files = [file for each in arguments.pictures for file in _files(each)]
    rows: dict[str, dict[str, float]] = {}
    for file in files:
        rows[file.stem] = row = _train(file, arguments.seconds, arguments.threads)
        print(
            f"{file.stem:12} {row['psnr']:6.2f} dB after {row['seconds']:.1f} s and {row['epochs']:.1f} epochs; "
            f"parameters are {row['share']:.0%} of the picture's values",
            flush=True,
        )
    values = [row["psnr"] for row in rows.values()]
    mean = statistics.fmean(values)
    print(f"mean {mean:.2f} dB, least {min(values):.2f} dB, n = {len(values)}")
    if arguments.write:
        result = {"mean": round(mean, 2), "pictures": rows, **hardware.circumstances()}
        results_file.merge(NAME, {f"{arguments.seconds:g} s, {arguments.threads} threads": result})


def recipe_for(values: int, seconds: float, threads: int) -> Recipe:
    """Return the preset with the largest tables that a picture of so many values may have."""
    for log2_table_size in range(LARGEST_TABLE, 3, -1):
        grid = "hash_grid(levels=12, features=2, log2_table_size={}, base_resolution=16, finest_resolution=768)"
        changes = {
            "model": {"encoding": grid.format(log2_table_size)},
            "budget": {"seconds": seconds},
            "evaluation": {"interval": "end"},
            "threads": threads,
        }
        recipe = changed(sf.preset("instant-ngp"), changes)
        if describe(recipe).parameters < LARGEST_SHARE * values:
            return recipe
    raise SystemExit(f"error: the picture must have more values for a hash grid. Got {values}.")


def _train(file: Path, seconds: float, threads: int) -> dict[str, float]:
    target = sf.load_picture(file)
    recipe = recipe_for(target.size, seconds, threads)
    *_, last = sf.train(target, recipe=recipe)
    assert last.evaluation is not None
    return {
        "psnr": round(last.evaluation.psnr, 3),
        "seconds": round(last.seconds, 2),
        "epochs": round(last.epoch, 1),
        "share": round(describe(recipe).parameters / target.size, 3),
    }


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.png")) if path.is_dir() else [path]


if __name__ == "__main__":
    main()
