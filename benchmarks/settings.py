"""Settings of the comparisons of mini-batch engines: networks, batches, and the data of one picture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.models.mlp import MLP
from sfumato.recipe import Recipe, preset
from sfumato.recipe.changes import changed
from sfumato.rng import rng_for

ROWS, COLUMNS = 429, 300
"""Size of the picture of 2012. Its colors are waves here: the speed is the same for all colors."""
RATE = 0.05
"""Learning rate of plain SGD: large enough to show a wrong update in the losses, small enough not to show rounding."""


class Setting(NamedTuple):
    """One setting of the comparison."""

    model: Mapping[str, Any]
    """Changes to the default model, 4 x 300 leaky ReLU."""
    batch: int = 1024
    rate: float = RATE

    def recipe(self) -> Recipe:
        """Return the recipe: training by plain SGD in float32."""
        training = {"batch": self.batch, "optimizer": f"sgd(lr={self.rate})", "schedule": "constant"}
        model = {"init": "gaussian(1)", **self.model}
        return changed(preset("fast"), {"model": model, "training": training, "dtype": "float32", "device": "cpu"})

    def operations(self) -> int:
        """Return the operations of a step's products: forward, and backward to weights and to inputs."""
        first, *others = itertools.pairwise([self.features(), *self.recipe().model.widths, 3])
        # The first layer needs no gradients of its inputs.
        return 2 * self.batch * (2 * first[0] * first[1] + 3 * sum(a * b for a, b in others))

    def steps(self, operations: float) -> int:
        """Return the steps of a round of about ``operations`` operations, limited for small networks."""
        return min(250, max(2, round(operations / self.operations())))

    def features(self) -> int:
        """Return the number of inputs of the first layer."""
        return getattr(self.recipe().model.encoding, "features", 2)


SETTINGS: dict[str, Setting] = {
    "4x300": Setting({}),
    # At a larger rate the kinks of leaky ReLU magnify rounding to 1e-4 within hundreds of steps.
    "batch 64": Setting({}, batch=64, rate=0.005),
    "4x32": Setting({"width": 32}),
    "4x64": Setting({"width": 64}),
    "4x128": Setting({"width": 128}),
    "4x512": Setting({"width": 512}),
    "sine": Setting({"activation": "sine(30)", "init": "siren"}, rate=0.001),
    "gaussian": Setting({"activation": "gaussian", "encoding": "fourier(sigma=10, features=256)"}),
    "tiny": Setting({"depth": 2, "width": 16}, batch=64),
}
"""Settings by name. The last is for tests."""


class Problem(NamedTuple):
    """The data that every side starts from."""

    recipe: Recipe
    coordinates: NDArray[np.float64]
    """Coordinates (N, 2)."""
    features: NDArray[np.float32]
    """Features (N, F): the coordinates, encoded once for all sides."""
    targets: NDArray[np.float64]
    """Targets (N, 3)."""
    model: MLP
    weights: list[tuple[NDArray[np.float32], NDArray[np.float32]]]
    """Weights (fan_out, fan_in) and biases (fan_out,) of every layer."""


def problem(setting: Setting) -> Problem:
    """Return the problem, the same in every process."""
    recipe = setting.recipe()
    coordinates = models.grid(recipe.coordinates, ROWS, COLUMNS)
    targets = 0.5 + 0.4 * np.sin(coordinates @ np.array([[9.0, 4.0, 1.0], [2.0, 7.0, 12.0]]))
    model = models.build(recipe.model, 3, recipe.seed)
    assert isinstance(model, MLP)
    with torch.inference_mode():
        features = model.encode(torch.from_numpy(coordinates).float()).contiguous().numpy()
    weights = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in model.linear_layers()]
    return Problem(recipe, coordinates, features, targets, model, weights)


def pixels(setting: Setting, number: int, steps: int) -> NDArray[np.int64]:
    """Return the pixels (steps * batch,) of a round, which differ from round to round."""
    count = steps * setting.batch
    order = rng_for(7, "order").permutation(ROWS * COLUMNS)
    return np.resize(np.roll(order, -number * count), count)
