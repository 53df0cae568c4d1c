"""Engines compute the reference step."""

from __future__ import annotations

import numpy as np
import pytest

import sfumato as sf
from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.training import reference
from tests.small import picture

ROWS, COLUMNS, BATCH, STEPS = 8, 7, 16, 12


def recipe_of(engine: str, optimizer: str, connectivity: str) -> Recipe:
    return changed(
        Recipe(),
        {
            "model": {
                "depth": 3,
                "width": 12,
                "activation": "leaky_relu(0.1)",
                "init": "gaussian(1)",
                "connectivity": connectivity,
            },
            "training": {"batch": BATCH, "optimizer": optimizer, "schedule": "constant", "sampler": "sequential"},
            "budget": {"steps": STEPS},
            "evaluation": {"interval": "end"},
            "engine": engine,
            "dtype": "float64" if engine == "autograd" else "float32",
            "device": "cpu",
            "threads": 1,
        },
    )


def by_reference(recipe: Recipe) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return weights before and after, in float64."""
    model = models.build(recipe.model, 3, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates).double()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    layers = range(len(recipe.model.widths) + 1)
    network = reference.Network(
        [before[f"layers.{k}.weight"].copy() for k in layers],
        [before[f"layers.{k}.bias"].copy() for k in layers],
        residual=str(recipe.model.connectivity) == "residual",
        negative_slope=0.1,
    )
    arrays = network.weights + network.biases
    rate = recipe.training.optimizer.lr
    adam = reference.Adam(rate, [np.zeros_like(each) for each in arrays], [np.zeros_like(each) for each in arrays])
    optimizer = adam if recipe.training.optimizer.name == "adam" else rate
    x = models.grid(recipe.coordinates, ROWS, COLUMNS).astype(np.float64)
    # The bytes of the picture in float64, as an engine with this dtype reads them.
    targets = np.round(picture(ROWS, COLUMNS).reshape(-1, 3) * 255.0).astype(np.float64) / 255
    losses = []
    for step in range(STEPS):
        # The last batch of an epoch may be smaller.
        first = BATCH * (step % -(-len(x) // BATCH))
        batch = slice(first, first + BATCH)
        losses.append(reference.train_step(network, x[batch], targets[batch], optimizer))
    assert sum(losses[-4:]) < sum(losses[:4])
    after = {f"layers.{k}.weight": network.weights[k] for k in layers}
    return before, after | {f"layers.{k}.bias": network.biases[k] for k in layers}


def largest_error(engine: str, optimizer: str, connectivity: str) -> float:
    """Return the largest error of an engine's weight arrays, relative to their change during the training."""
    recipe = recipe_of(engine, optimizer, connectivity)
    before, expected = by_reference(recipe)
    *_, last = sf.train(picture(ROWS, COLUMNS), recipe=recipe)
    weights = last.weights()
    assert weights.keys() == expected.keys()
    return max(
        float(np.linalg.norm(weights[name] - expected[name]) / np.linalg.norm(expected[name] - before[name]))
        for name in expected
    )


@pytest.mark.parametrize("connectivity", ["plain", "residual"])
@pytest.mark.parametrize("optimizer", ["sgd(lr=0.1)", "adam(lr=0.01)"])
def test_engines_compute_the_reference_step(optimizer: str, connectivity: str) -> None:
    assert largest_error("autograd", optimizer, connectivity) < 1e-12
    assert largest_error("fused", optimizer, connectivity) < 2e-5


def test_gradients_are_those_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    sizes = [(5, 2), (5, 5), (5, 5), (3, 5)]
    weights: list[reference.Array] = [rng.normal(size=each) for each in sizes]
    biases: list[reference.Array] = [rng.normal(size=each[0]) for each in sizes]
    network = reference.Network(weights, biases, residual=True)
    x, targets = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))
    gradients = reference.backward(network, *reference.forward(network, x), targets)
    for parameter, gradient in zip(network.weights + network.biases, gradients, strict=True):
        at = (0,) * parameter.ndim
        values = []
        for change in (1e-6, -2e-6):
            parameter[at] += change
            values.append(reference.loss(reference.forward(network, x)[1][-1], targets))
        parameter[at] += 1e-6
        assert gradient[at] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6, abs=1e-7)
