"""Comparisons of the fused engine's trained encodings with autograd in float64."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sfumato.models import mlp as build
from sfumato.recipe import Recipe, changed
from sfumato.training.engines import Shared
from sfumato.training.engines.concurrent import Concurrent
from sfumato.training.engines.engine import Engine
from sfumato.training.engines.fused import engine as fused_engine
from sfumato.training.engines.fused.engine import Fused
from tests.registering import dummies
from tests.training.engines.test_fused import BATCH, FILTERS, PIXELS, check, pixels_of, recipe_of, task_of

pytestmark = pytest.mark.slow

OPTIMIZERS = [
    "sgd(lr=0.1)",
    "sgd(lr=0.3, momentum=0.8, fan_in_scaling=true)",
    "adam(lr=0.002, beta1=0.8, beta2=0.95)",
    "adamw(lr=0.002, weight_decay=3)",
    "rmsprop(lr=0.0005)",
    "foof(lr=0.05, damping=0.3, samples=128, update_interval=4, decay=0.8, momentum=0.8)",
    "muon(lr=0.05, ns_steps=2)",
]
ENCODE = {"encode.factors", "encode.values"}


@pytest.fixture(scope="module", autouse=True)
def _dummies() -> Iterator[None]:
    with dummies():
        yield


def lattice(optimizer: str = "adam(0.002)", **model: Any) -> Recipe:
    training = {"optimizer": optimizer, **model.pop("training", {})}
    return recipe_of(**{"encoding": "lattice(side=3, features=5)", **model}, training=training)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str, threads: int) -> None:
    check(lattice(optimizer), threads)


@pytest.mark.parametrize("connectivity", ["residual", "skip", "skip(2)", "dense"])
@pytest.mark.parametrize("biases", [True, False])
def test_errors_pass_through_later_joins_too(connectivity: str, biases: bool) -> None:
    # More features than a register has lanes, and more samples than a tile.
    encoding = "lattice(side=4, features=19)"
    check(
        lattice(connectivity=connectivity, width=(20,) * 3, biases=biases, encoding=encoding, training={"batch": 300}),
        threads=2,
    )


@pytest.mark.parametrize("optimizer", ["sgd(lr=0.2)", "foof(lr=0.05, damping=0.3, samples=128)"])
def test_errors_pass_through_filters_too(optimizer: str) -> None:
    encoding = "lattice(side=4, features=19)"
    check(lattice(optimizer, **FILTERS, width=(20, 17, 9), encoding=encoding), threads=2)


@pytest.mark.parametrize("width", [(), (9,), (300, 8)])
def test_depths(width: tuple[int, ...]) -> None:
    shape: dict[str, Any] = {"width": width} if width else {"width": 8, "depth": 0}
    check(lattice(**shape), threads=2)


def test_parameters_updated_in_pieces_and_threads_without_samples() -> None:
    check(lattice(encoding="lattice(side=30, features=17)", training={"batch": 33}), threads=3)
    check(lattice(training={"batch": "all"}), threads=2)


def train(engine: Engine, steps: int = 13, begin: int = 0) -> Engine:
    engine.advance(pixels_of(30)[begin * BATCH : (begin + steps) * BATCH], np.ones(steps))
    return engine


@pytest.mark.parametrize("optimizer", ["adam(0.002)", OPTIMIZERS[-2]])
def test_the_same_number_of_threads_gives_the_same_bits_divided_or_resumed(optimizer: str) -> None:
    recipe = lattice(optimizer)
    whole = train(Fused(task_of(recipe, 2)), 20)
    first = train(Fused(task_of(recipe, 2)), 13)
    resumed = Fused(task_of(changed(recipe, {"seed": 6}), 2))
    resumed.load(first.state())
    for engine in (first, resumed):
        train(engine, 7, begin=13)
        assert engine.state().keys() == whole.state().keys()
        for name, array in whole.state().items():
            np.testing.assert_array_equal(engine.state()[name], array)


def test_weights_and_outputs_equal_those_of_a_model() -> None:
    recipe, coordinates = (
        lattice(output_activation="sigmoid", connectivity="skip"),
        np.random.default_rng(1).uniform(-1, 1, (1501, 2)),
    )
    engines = [Fused(task_of(recipe, threads)) for threads in (1, 2)]
    start = engines[0].weights()
    for engine in engines:
        engine.load(train(Fused(task_of(recipe, 1))).state())
    trained = engines[0].weights()
    assert all(np.abs(trained[name] - start[name]).max() > 1e-3 for name in ENCODE)
    model = build(recipe.model, 3, recipe.seed).double()
    assert trained.keys() == model.state_dict().keys()
    model.load_state_dict({name: as_tensor(array) for name, array in trained.items()})
    expected = model(as_tensor(coordinates)).detach().numpy()
    np.testing.assert_allclose(engines[0].outputs(coordinates), expected, atol=1e-5)
    np.testing.assert_array_equal(engines[1].outputs(coordinates), engines[0].outputs(coordinates))


def as_tensor(array: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float64))


def test_concurrent_networks_have_separate_parameters() -> None:
    recipes, shared = [lattice(optimizer) for optimizer in OPTIMIZERS[1:3]], Shared()
    concurrent = [Concurrent(dataclasses.replace(task_of(recipe), shared=shared)) for recipe in recipes]
    for steps in (3, 10):
        for engine in concurrent:
            train(engine, steps)
    for engine, recipe in zip(concurrent, recipes, strict=True):
        alone = train(train(Fused(task_of(recipe)), 3), 10)
        for name, array in alone.state().items():
            np.testing.assert_array_equal(engine.state()[name], array)
    assert concurrent[0]._inputs is concurrent[1]._inputs


def test_last_outputs_are_those_before_the_step() -> None:
    engine = Fused(task_of(lattice(), 2))
    engine.last_outputs = np.full((PIXELS, 3), np.nan, np.float32)
    samples = np.arange(BATCH)
    expected = engine.outputs(task_of(lattice()).coordinates[samples])
    engine.advance(samples, np.ones(1))
    np.testing.assert_allclose(engine.last_outputs[samples], expected, rtol=1e-4, atol=1e-5)


def test_a_missing_gradient_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = fused_engine.Encoder

    class WithoutBackward(right):
        @property
        def address(self) -> int:
            # Backward is replaced by forward, which adds no gradients.
            self._record[1] = self._record[0]
            return super().address

    monkeypatch.setattr(fused_engine, "Encoder", WithoutBackward)
    with pytest.raises(AssertionError):
        check(lattice())
