"""Separable CMA-ES against the library in a plain loop over a loss written in NumPy."""

from __future__ import annotations

import sys

import cmaes
import numpy as np
import pytest

from sfumato import models
from sfumato.errors import EngineError, RecipeError
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.layers import LinearLayer, TrainingWork
from sfumato.training.engines import choose
from sfumato.training.engines.requirements import resolve
from sfumato.training.picture import PictureProblem
from tests.small import SMALL, picture, trainer

SIZES = [(4, 2), (4,), (3, 4), (3,)]


def recipe_of(threads: int = 1) -> Recipe:
    changes = {
        "model": {"depth": 1, "width": 4, "activation": "tanh", "init": "gaussian(1)"},
        "training": {"optimizer": "sep_cma(lr=0.1, population=10)", "batch": "all", "sampler": "sequential"},
        "dtype": "float64",
        "device": "cpu",
        "threads": threads,
        "budget": {"steps": 50},
    }
    return resolve(changed(changed(Recipe(), SMALL), changes))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_generations_equal_the_library_in_a_plain_loop(threads: int) -> None:
    recipe = recipe_of(threads)
    problem = PictureProblem(recipe, picture())
    training = trainer(recipe)
    start = training.weights()
    first, _ = training.advance(1)
    training.advance(14)

    def loss(vector: np.ndarray) -> float:
        ends = np.cumsum([int(np.prod(size)) for size in SIZES])[:-1]
        w1, b1, w2, b2 = (piece.reshape(size) for piece, size in zip(np.split(vector, ends), SIZES, strict=True))
        outputs = np.tanh(problem.inputs @ w1.T + b1) @ w2.T + b2
        return float(0.5 * ((outputs - problem.targets) ** 2).sum(axis=1).mean())

    names = [f"layers.{layer}.{kind}" for layer in range(2) for kind in ("weight", "bias")]
    vector = np.concatenate([start[name].ravel() for name in names]).astype(np.float64)
    assert first.loss / len(problem.targets) == pytest.approx(loss(vector), rel=1e-12)
    evolution = cmaes.SepCMA(vector.copy(), 0.1, population_size=10)
    for generation in range(15):
        evolution.reseed_rng(generation)
        candidates = [evolution.ask() for _ in range(10)]
        evolution.tell([(candidate, loss(candidate)) for candidate in candidates])
    found = np.concatenate([training.weights()[name].ravel() for name in names])
    np.testing.assert_allclose(found, evolution.mean, rtol=1e-9, atol=1e-12)
    assert np.abs(found - vector).min() > 1e-6
    assert loss(found) < 0.9 * loss(vector)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_resumes_to_the_same_bits(dtype: str) -> None:
    recipe = changed(recipe_of(), {"dtype": dtype})
    whole, first, second = (trainer(recipe) for _ in range(3))
    whole.advance(9)
    first.advance(4)
    second.load(first.state(), 0.0)
    second.advance(5)
    expected, found = whole.state(), second.state()
    assert expected.keys() == found.keys()
    assert all(np.array_equal(values, found[name]) for name, values in expected.items())


def test_losses_that_are_not_finite_rank_last() -> None:
    training = trainer(changed(recipe_of(), {"dtype": "float32"}))
    # The squared error of such outputs overflows.
    training._engine.set_weights({name: values + np.float32(1e25) for name, values in training.weights().items()})
    totals, _ = training.advance(2)
    assert totals.loss == np.inf
    assert all(np.isfinite(values).all() for values in training.weights().values())


def test_large_networks_are_refused_by_one_line() -> None:
    recipe = resolve(changed(recipe_of(), {"model": {"width": 2000}, "dtype": "float32"}))
    with pytest.raises(RecipeError, match=r"more than 10,000 parameters.* Got 12,003 parameters") as caught:
        trainer(recipe)
    assert "\n" not in str(caught.value)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of()
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(EngineError, match=r"sep_cma needs the module cmaes.* pip install 'sfumato\[optimizers\]'"):
        choose(recipe)


def test_operations_are_those_of_forward_passes() -> None:
    layers = (LinearLayer(2, 4, True), LinearLayer(4, 3, True))
    work = TrainingWork(layers, samples=100, steps=2, batch=50, compiled=False)
    operations = choices.SepCMA(population=9).operations(work)
    assert operations is not None
    assert (operations.network, operations.optimizer) == (10 * 2 * 100 * 20, 0)
    assert choices.SepCMA().population_of(27) == 13 == cmaes.SepCMA(np.zeros(27), 1.0).population_size
    assert sum(parameter.numel() for parameter in models.build(recipe_of().model, 3, 0).parameters()) == 27
