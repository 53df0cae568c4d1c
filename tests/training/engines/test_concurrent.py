"""Comparisons of networks of the concurrent engine, which share memory, with each network alone."""

from __future__ import annotations

import dataclasses
import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sfumato.recipe import Recipe, changed
from sfumato.training.engines import Shared, unsupported_reasons
from sfumato.training.engines.concurrent import Concurrent
from sfumato.training.engines.engine import Task
from sfumato.training.engines.fused.engine import Fused
from sfumato.training.engines.fused.forward_backward import Network
from tests.training.engines.test_fused import ACTIVATIONS, BATCH, OPTIMIZERS, PIXELS, check, recipe_of, task_of

pytestmark = pytest.mark.slow

STEPS = 20


def distinct_recipe(number: int) -> Recipe:
    """Return a recipe for one of many networks of the same shape, with all other fields different."""
    training = {"optimizer": OPTIMIZERS[number % len(OPTIMIZERS)], "batch": (BATCH, 33, 16)[number % 3]}
    shape = {"activation": ACTIVATIONS[number % len(ACTIVATIONS)], "init": f"gaussian({1 + number / 8})"}
    return changed(recipe_of(**shape, training=training), {"seed": number})


def tasks(recipes: list[Recipe], shared: Shared) -> list[Task]:
    return [dataclasses.replace(task_of(recipe), shared=shared) for recipe in recipes]


def train(engine: Fused, recipe: Recipe, steps: int = STEPS) -> float:
    batch = recipe.training.batch
    assert isinstance(batch, int)
    pixels = np.random.default_rng(recipe.seed).integers(0, PIXELS, steps * batch - 3)
    return engine.advance(pixels, np.linspace(1, 0.5, steps)).loss


def assert_same_as_alone(
    engines: list[Concurrent], recipes: list[Recipe], losses: list[float], steps: int = STEPS
) -> None:
    for engine, recipe, loss in zip(engines, recipes, losses, strict=True):
        alone = Fused(task_of(recipe))
        assert train(alone, recipe, steps) == loss or not math.isfinite(loss)
        for name, value in alone.state().items():
            np.testing.assert_array_equal(engine.state()[name], value)
        np.testing.assert_array_equal(
            engine.outputs(task_of(recipe).coordinates), alone.outputs(task_of(recipe).coordinates)
        )


@pytest.mark.parametrize("threads", [1, 3])
def test_each_network_has_the_same_bits_as_alone(threads: int) -> None:
    recipes, shared = [distinct_recipe(number) for number in range(12)], Shared()
    engines = [Concurrent(task) for task in tasks(recipes, shared)]
    with ThreadPoolExecutor(threads) as pool:
        losses = list(pool.map(train, engines, recipes))
    assert all(math.isfinite(loss) for loss in losses)
    assert_same_as_alone(engines, recipes, losses)


@pytest.mark.parametrize("optimizer", ["sgd(lr=0.2)", "foof(lr=0.05, damping=0.3, samples=20, update_interval=3)"])
def test_it_equals_autograd(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.training.engines.test_fused.Fused", Concurrent)
    check(recipe_of(training={"optimizer": optimizer}))


@pytest.mark.parametrize("width", [(23, 18, 37), (9,), (40, 5, 64)])
@pytest.mark.parametrize("biases", [True, False])
def test_nans_do_not_spread_to_other_networks(width: tuple[int, ...], biases: bool) -> None:
    shape = {"width": width, "activation": "leaky_relu(0.1)", "biases": biases}
    bad = recipe_of(**shape, training={"optimizer": "sgd(lr=1e6)"})
    good = [changed(recipe_of(**shape, training={"batch": batch}), {"seed": batch}) for batch in (2, 33, BATCH)]
    shared = Shared()
    engines = [Concurrent(task) for task in tasks([bad, *good], shared)]
    losses = [train(engine, recipe) for engine, recipe in zip(engines, [bad, *good], strict=True)]
    assert not math.isfinite(losses[0])
    assert np.isnan(engines[0].state()["weights"]).any()
    assert_same_as_alone(engines[1:], good, losses[1:])


def test_equal_arrays_are_held_once_and_memory_once_per_thread() -> None:
    shared, recipes = Shared(), [recipe_of(), changed(recipe_of(), {"seed": 9})]
    encoded = [changed(recipe_of(encoding="fourier(sigma=1, features=8)"), {"seed": seed}) for seed in (1, 1, 2)]
    one, two, *others = [Concurrent(task) for task in tasks([*recipes, *encoded], shared)]
    assert one._inputs is two._inputs
    assert all(engine._targets is one._targets for engine in (two, *others))
    assert others[0]._inputs is others[1]._inputs
    assert others[0]._inputs is not others[2]._inputs
    workspaces = [len(unused) for unused in shared._unused.values()]
    assert workspaces == [1, 1]


def test_a_planted_error_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the networks share the first one's weights, which they must not."""
    recipes, shared = [distinct_recipe(0), distinct_recipe(2)], Shared()
    engines = [Concurrent(task) for task in tasks(recipes, shared)]
    right = Fused._network

    def wrong(engine: Fused, memory: int) -> Network:
        return right(engine, memory)._replace(weights=engines[0]._weights.ctypes.data)

    monkeypatch.setattr(Fused, "_network", wrong)
    losses = [train(engine, recipe) for engine, recipe in zip(engines, recipes, strict=True)]
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        assert_same_as_alone(engines, recipes, losses)


def test_it_uses_one_thread_for_any_task() -> None:
    recipe = recipe_of(training={"optimizer": "adam(0.002)"})
    many, one = Concurrent(task_of(recipe, 2)), Fused(task_of(recipe, 1))
    for engine, steps in itertools.product((many, one), (3, 17)):
        train(engine, recipe, steps)
    for name, value in one.state().items():
        np.testing.assert_array_equal(many.state()[name], value)


def test_all_reasons_are_listed() -> None:
    assert unsupported_reasons("concurrent", recipe_of()) == []
    recipe = changed(recipe_of(), {"training": {"batch": 1, "optimizer": "lbfgs"}, "dtype": "float64"})
    fields = [reason.split(" must be ")[0] for reason in unsupported_reasons("concurrent", recipe)]
    assert fields == ["training.batch", "training.optimizer", "dtype"]
