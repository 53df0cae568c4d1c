"""The outputs that every engine records for the samples that it trains on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sfumato.recipe import changed
from sfumato.training.engines import Engine, find
from tests.training.engines.test_fused import BATCH, PIXELS, recipe_of, task_of

ENGINES_AND_THREADS = [
    ("fused", 1),
    ("fused", 2),
    ("concurrent", 1),
    ("online", 1),
    ("online", 2),
    ("autograd", 1),
    ("autograd", 2),
]


def engine_of(name: str, threads: int, **model: Any) -> tuple[Engine, Any]:
    training = {"batch": 1, "optimizer": "sgd(lr=0.2)"} if name == "online" else {}
    recipe = changed(recipe_of(**model), {"engine": name, "training": training})
    task = dataclasses.replace(task_of(recipe, threads), recipe=recipe)
    return find(name)(task), task


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize(("name", "threads"), ENGINES_AND_THREADS)
def test_last_outputs_are_those_just_before_the_step(name: str, threads: int, output: str) -> None:
    engine, task = engine_of(name, threads, output_activation=output)
    batch = 1 if name == "online" else BATCH
    first, second = np.random.default_rng(3).permutation(PIXELS)[: 2 * batch].reshape(2, -1)
    engine.last_outputs = np.full((PIXELS, 3), np.nan, np.float32)
    for pixels in (first, second):
        expected = engine.outputs(task.coordinates[pixels])
        engine.advance(pixels, np.ones(1))
        np.testing.assert_allclose(engine.last_outputs[pixels], expected, rtol=1e-4, atol=1e-5)
    # The effect of the step is larger than rounding.
    assert np.abs(engine.outputs(task.coordinates[second]) - expected).max() > 1e-4
    rest = np.setdiff1d(np.arange(PIXELS), [*first, *second])
    assert np.isnan(engine.last_outputs[rest]).all()


@pytest.mark.parametrize(("name", "threads"), ENGINES_AND_THREADS)
def test_keeping_outputs_changes_no_weight(name: str, threads: int) -> None:
    batch = 1 if name == "online" else BATCH
    pixels, rates = np.random.default_rng(3).integers(0, PIXELS, 5 * batch), np.ones(5)
    weights = []
    for keep in (False, True):
        engine, _ = engine_of(name, threads)
        engine.last_outputs = np.zeros((PIXELS, 3), np.float32) if keep else None
        engine.advance(pixels, rates)
        weights.append(engine.weights())
    for without, with_outputs in zip(weights[0].values(), weights[1].values(), strict=True):
        np.testing.assert_array_equal(without, with_outputs)


def test_the_replica_keeps_no_outputs() -> None:
    assert not find("replica").keeps_outputs
