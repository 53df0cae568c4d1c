"""The gain of solving for the last layer by least squares at the end of a training.

    python benchmarks/final_layer.py [--picture cat] [--max-side 200] [--epochs 0.3 0.8] [--seeds 3]

The default recipe on one thread, with the last layer trained, and by least squares; differences of PSNR by seed.
"""

from __future__ import annotations

import argparse

import numpy as np

from sfumato import images
from sfumato.recipe import Recipe, changed
from sfumato.training import PictureProblem, Trainer, resolve


def main() -> None:
    """Print a line for each number of epochs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", default="cat", help="picture file or sample")
    parser.add_argument("--max-side", type=int, default=200)
    parser.add_argument("--epochs", type=float, nargs="+", default=[0.3, 0.8])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    settings = {"picture": {"source": options.picture, "max_side": options.max_side}, "threads": 1}
    base = changed(Recipe(), {**settings, "evaluation": {"interval": "end"}})
    picture = images.load(base.picture)
    for epochs in options.epochs:
        found: dict[str, list[float]] = {"trained": [], "least_squares": []}
        for seed in range(options.seeds):
            for choice, values in found.items():
                changes = {"seed": seed, "budget": {"epochs": epochs}, "training": {"final_layer": choice}}
                recipe = resolve(changed(base, changes), picture.shape[:2])
                *_, last = Trainer(recipe, PictureProblem(recipe, picture)).snapshots()
                assert last.evaluation is not None
                values.append(last.evaluation.psnr)
        gains = np.subtract(found["least_squares"], found["trained"])
        print(
            f"{options.picture}, {epochs:g} epochs: {np.mean(found['trained']):.2f} dB trained, "
            f"gain {gains.mean():.2f} ({gains.min():.2f} to {gains.max():.2f}) dB, n = {options.seeds}"
        )


if __name__ == "__main__":
    main()
