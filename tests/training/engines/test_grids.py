"""Feature grids, trained by an optimizer of their own: the fused engine against autograd in float64."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from sfumato.recipe import Recipe, changed
from sfumato.training.engines import Shared
from sfumato.training.engines.autograd import Autograd
from sfumato.training.engines.concurrent import Concurrent
from sfumato.training.engines.engine import Engine
from sfumato.training.engines.fused import grid as compiled_grid
from sfumato.training.engines.fused.encoder import PAGE
from sfumato.training.engines.fused.engine import Fused
from tests.training.engines.test_fused import BATCH, check, pixels_of, recipe_of, relative_error, task_of

SMALL = "hash_grid(levels=4, log2_table_size=6, base_resolution=4, finest_resolution=20)"
LARGE = "hash_grid(levels=2, features=4, log2_table_size=13, base_resolution=40, finest_resolution=300, lr=0.03)"
"""Far more rows than a step's samples reach, and a hashed level."""
GRIDS = [
    SMALL,
    LARGE,
    "hash_grid(levels=3, features=1, log2_table_size=5, finest_resolution=20, interpolation=smoothstep)",
    "dense_grid(8, features=16)",
    "dense_grid(5, features=4, include_inputs=true)",
    "hash_grid(levels=3, log2_table_size=6, base_resolution=4, finest_resolution=20, include_inputs=true)",
]


def recipe(encoding: str = SMALL, optimizer: str = "adam(0.002)", **model: Any) -> Recipe:
    training = {"optimizer": optimizer, **model.pop("training", {})}
    return recipe_of(**{"encoding": encoding, "width": (18, 20), **model}, training=training)


def trained(engine: Engine, steps: int, begin: int = 0) -> Engine:
    engine.advance(pixels_of(30)[begin * BATCH : (begin + steps) * BATCH], np.ones(steps))
    return engine


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("encoding", GRIDS)
def test_fused_equals_autograd(encoding: str, threads: int) -> None:
    check(recipe(encoding), threads)


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    ["adamw(lr=0.002, weight_decay=3)", "foof(lr=0.05, damping=0.3, samples=512)", "muon(lr=0.05, ns_steps=2)"],
)
def test_any_optimizer_trains_the_layers(optimizer: str) -> None:
    check(recipe(optimizer=optimizer, width=(20,) * 3), 2)
    check(recipe(optimizer=optimizer, width=(20,) * 3, connectivity="skip", training={"batch": 300}), 3)


@pytest.mark.parametrize("kind", ["fused", "autograd"])
def test_the_table_is_trained_by_adam_at_its_own_rate_without_decay(kind: str) -> None:
    chosen = recipe(LARGE, "adamw(lr=0.002, weight_decay=30)")
    dtype = "float64" if kind == "autograd" else "float32"
    task = task_of(changed(chosen, {"dtype": dtype}), dtype=getattr(torch, dtype))
    engine = Autograd(task) if kind == "autograd" else Fused(task)
    before = engine.weights()
    engine.advance(np.arange(20), np.full(1, 0.5))
    change = engine.weights()["encode.table"] - before["encode.table"]
    # The first update is the rate times the sign, by the schedule's factor of 0.5.
    moved = np.abs(change[change != 0])
    np.testing.assert_allclose(moved, 0.015, rtol=1e-4)
    # Four points in two levels of four features for each sample, of which some coincide.
    assert 400 < len(moved) <= 20 * 4 * 2 * 4
    assert np.abs(engine.weights()["layers.0.weight"] - before["layers.0.weight"]).max() > 0.01


def test_weights_count_their_own_updates() -> None:
    # A row that is reached first in a late step is corrected as in a first step.
    chosen = recipe("dense_grid(1, features=1)", "sgd(lr=0.001)", training={"batch": 16})
    task = task_of(chosen)
    corners = np.full((400, 2), -0.9)
    corners[16:] = 0.9
    corners[:16, 1] = -1.0
    corners[16:, 1] = 1.0
    engine = Fused(dataclasses.replace(task, coordinates=corners))
    for _ in range(30):
        engine.advance(np.arange(16), np.ones(1))
    before = engine.weights()["encode.table"]
    engine.advance(np.arange(16, 32), np.ones(1))
    change = np.abs(engine.weights()["encode.table"] - before).ravel()
    # The points at the left end have zero weights now, and keep what they have.
    np.testing.assert_array_equal(change[[0, 2]], 0)
    np.testing.assert_allclose(change[[1, 3]], 0.01, rtol=1e-3)


@pytest.mark.parametrize("kind", [Fused, Autograd])
def test_it_resumes_to_the_same_bits(kind: type[Engine]) -> None:
    def new(seed: int) -> Engine:
        return kind(task_of(changed(recipe(LARGE), {"seed": seed}), 2))

    whole, first = trained(new(5), 20), trained(new(5), 13)
    resumed = new(6)
    resumed.load(first.state())
    for engine in (first, resumed):
        trained(engine, 7, begin=13)
        assert engine.state().keys() == whole.state().keys()
        for name, array in whole.state().items():
            np.testing.assert_array_equal(engine.state()[name], array)


def test_networks_that_share_a_workspace_have_separate_gradients() -> None:
    recipes, shared = [recipe(LARGE, f"adam({lr})") for lr in (0.002, 0.004)], Shared()
    concurrent = [Concurrent(dataclasses.replace(task_of(each), shared=shared)) for each in recipes]
    for steps in (3, 10):
        for engine in concurrent:
            trained(engine, steps)
    for engine, each in zip(concurrent, recipes, strict=True):
        alone = trained(trained(Fused(task_of(each)), 3), 10)
        for name, array in alone.state().items():
            np.testing.assert_array_equal(engine.state()[name], array)


def test_outputs_equal_those_of_the_model_and_of_any_number_of_threads() -> None:
    engines = [Fused(task_of(recipe(LARGE), threads)) for threads in (1, 2)]
    for engine in engines:
        engine.load(trained(Fused(task_of(recipe(LARGE))), 13).state())
    coordinates = np.random.default_rng(1).uniform(-1.1, 1.1, (1501, 2))
    model = task_of(recipe(LARGE)).model.double()
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in engines[0].weights().items()})
    expected = model(torch.from_numpy(coordinates)).detach().numpy()
    np.testing.assert_allclose(engines[0].outputs(coordinates), expected, atol=2e-4)
    np.testing.assert_array_equal(engines[1].outputs(coordinates), engines[0].outputs(coordinates))


def test_an_unmarked_page_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    def scatter(coordinates: Any, grads: Any, parameters: Any, gradients: Any, touched: Any, constants: Any) -> None:
        compiled_grid.scatter(coordinates, grads, parameters, gradients, touched, constants)
        touched[len(touched) // 2 :] = 0

    wrong = dataclasses.replace(compiled_grid.GRID, backward=scatter)
    monkeypatch.setattr(compiled_grid, "GRID", wrong)
    assert relative_error(recipe(LARGE), 1, 1) > 0.5


def test_rows_do_not_cross_pages() -> None:
    for features in (1, 2, 4, 8, 16):
        assert PAGE % features == 0
