"""Averages of the weights, around every engine, against averages of the weights after every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models import build
from sfumato.models.targets import to_values
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.engines import ENGINES
from sfumato.recipe.memory_estimate import Size, training
from sfumato.training.engines import Engine, Task
from sfumato.training.engines import build as build_engine
from sfumato.training.engines.engine import Arrays
from tests import small

SAMPLES = 40
ONE_BY_ONE = {"batch": 1, "optimizer": "sgd(lr=0.05, fan_in_scaling=true)"}
RECIPES: dict[str, dict[str, Any]] = {
    "autograd": {"dtype": "float64", "training": {"optimizer": "adam(lr=0.01)"}},
    "fused": {"training": {"optimizer": "foof(lr=0.03, update_interval=4)"}},
    "concurrent": {"training": {"optimizer": "muon(lr=0.03)"}},
    "online": {"training": ONE_BY_ONE},
    "replica": {"dtype": "float64", "coordinates": {"range": "unit"}, "training": ONE_BY_ONE},
}


def recipe_of(engine: str, averaging: str) -> Recipe:
    model = {"depth": 2, "width": 20, "init": "gaussian(1)", "activation": "leaky_relu(0.1)"}
    base = {"training": {"batch": 8, "schedule": "constant"}, "dtype": "float32", "model": model, "engine": engine}
    recipe = changed(changed(Recipe(), {**base, "threads": 1, "device": "cpu"}), RECIPES[engine])
    return changed(recipe, {"training": {"averaging": averaging}})


def engine_of(recipe: Recipe) -> Engine:
    random = np.random.default_rng(2)
    dtype = torch.float64 if recipe.dtype == "float64" else torch.float32
    model = build(recipe.model, 3, recipe.seed, dtype)
    task = Task(recipe, random.uniform(-1, 1, (SAMPLES, 2)), random.uniform(0, 1, (SAMPLES, 3)), model, 1)
    return build_engine(task)


def steps_of(engine: Engine, recipe: Recipe, steps: range) -> None:
    batch = recipe.training.batch
    assert batch != "all"
    pixels = np.arange(steps.start * batch, steps.stop * batch) % SAMPLES
    engine.advance(pixels, np.linspace(1, 0.5, 60)[steps.start : steps.stop])


def test_every_engine_has_a_row() -> None:
    assert set(RECIPES) == set(ENGINES)


@pytest.mark.parametrize("averaging", ["ema(decay=0.9)", "ema(decay=0.8, interval=3)"])
@pytest.mark.parametrize("engine", RECIPES)
def test_the_average_is_that_of_the_weights_after_every_update(engine: str, averaging: str) -> None:
    recipe, plain_recipe = recipe_of(engine, averaging), recipe_of(engine, "none")
    averaged, plain = engine_of(recipe), engine_of(plain_recipe)
    ema = recipe.training.averaging
    assert isinstance(ema, choices.EMA)
    history: list[Arrays] = []
    steps = 20
    for step in range(steps):
        steps_of(plain, plain_recipe, range(step, step + 1))
        if (step + 1) % ema.interval == 0:
            history.append(plain.weights())
    # Evaluations in between change nothing.
    steps_of(averaged, recipe, range(7))
    averaged.outputs(np.zeros((2, 2)))
    steps_of(averaged, recipe, range(7, steps))
    shares = (ema.decay**ema.interval) ** np.arange(len(history))[::-1]
    found, trained = averaged.weights(), plain.weights()
    for name, values in found.items():
        expected = np.tensordot(shares / shares.sum(), np.stack([each[name] for each in history]).astype(np.float64), 1)
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-13 if values.dtype == np.float64 else 1e-6)
    assert max(np.abs(found[name] - trained[name]).max() for name in found) > 1e-3
    inputs = np.random.default_rng(1).uniform(-1, 1, (30, 2))
    np.testing.assert_allclose(averaged.outputs(inputs), outputs(recipe, found, inputs), rtol=0, atol=1e-5)
    # Training went on from the weights themselves.
    state = averaged.state()
    for name, values in plain.state().items():
        if not name.startswith("optimizer/structure"):
            np.testing.assert_array_equal(state[name], values)


def outputs(recipe: Recipe, weights: Arrays, inputs: NDArray[np.float64]) -> NDArray[np.floating]:
    """Return the outputs of a network with these weights."""
    model = build(recipe.model, 3, recipe.seed, torch.float64)
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    return models.outputs(model, inputs)


@pytest.mark.parametrize("engine", RECIPES)
def test_it_continues_from_its_state_to_the_same_bits(engine: str) -> None:
    recipe = recipe_of(engine, "ema(decay=0.9, interval=2)")
    whole, first, second = (engine_of(recipe) for _ in range(3))
    steps_of(whole, recipe, range(20))
    steps_of(first, recipe, range(9))
    first.outputs(np.zeros((2, 2)))
    second.load(first.state())
    steps_of(second, recipe, range(9, 20))
    expected, found = whole.state(), second.state()
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_until_the_first_update_the_weights_are_the_engines() -> None:
    recipe, plain_recipe = recipe_of("autograd", "ema(interval=100)"), recipe_of("autograd", "none")
    averaged, plain = engine_of(recipe), engine_of(plain_recipe)
    for engine, its_recipe in ((averaged, recipe), (plain, plain_recipe)):
        steps_of(engine, its_recipe, range(5))
    assert all(np.array_equal(values, plain.weights()[name]) for name, values in averaged.weights().items())
    inputs = np.zeros((2, 2))
    np.testing.assert_array_equal(averaged.outputs(inputs), plain.outputs(inputs))


@pytest.mark.parametrize("target_range", ["unit", "signed"])
@pytest.mark.parametrize("optimizer", ["adam(lr=0.01)", "schedule_free(lr=0.01)"])
def test_snapshots_have_the_averaged_weights(optimizer: str, target_range: str) -> None:
    averaging = "ema(decay=0.8)" if optimizer.startswith("adam") else "none"
    training = {"optimizer": optimizer, "averaging": averaging}
    recipe = changed(Recipe.of(small.SMALL), {"training": training, "dtype": "float64", "device": "cpu"})
    recipe = changed(recipe, {"data": {"target_range": target_range}})
    trainer = small.trainer(recipe)
    *_, last = trainer.snapshots()
    assert last.evaluation is not None
    weights, state = last.weights(), last.state()
    trained = {name: state[f"engine/model/{name}"] for name in weights}
    assert max(np.abs(weights[name] - trained[name]).max() for name in weights) > 1e-4

    def psnr(of: Arrays) -> float:
        model = build(recipe.model, 3, recipe.seed, torch.float64, recipe.coordinates)
        model.load_state_dict({name: torch.from_numpy(values) for name, values in of.items()})
        painting = to_values(models.outputs(model, trainer.problem.inputs), recipe.data.target_range)
        return -10 * float(np.log10(((painting.clip(0, 1) - trainer.problem.targets) ** 2).mean()))

    assert last.evaluation.psnr == pytest.approx(psnr(weights), abs=1e-4)
    assert abs(psnr(weights) - psnr(trained)) > 1e-2


def test_weights_are_averaged_once() -> None:
    with pytest.raises(RecipeError, match=r"averaging none for the optimizer schedule_free, .* Got ema\(decay=0.9"):
        changed(Recipe(), {"training": {"optimizer": "schedule_free", "averaging": "ema(0.9)"}})


def test_the_memory_of_the_average_is_estimated() -> None:
    recipe = changed(Recipe(), {"threads": 1})
    size, weights = Size(24, 24, 3), 4 * 300 * 300 * 3
    more = training(changed(recipe, {"training": {"averaging": "ema"}}), size) - training(recipe, size)
    assert 3 * weights < more < 20 * weights
