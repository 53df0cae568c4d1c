"""The answers that every engine leaves of the samples it trains on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sfumato.recipe import changed
from sfumato.training.engines import Engine, find
from tests.training.engines.test_fused import BATCH, PIXELS, recipe_of, task_of

KEEP = [("fused", 1), ("fused", 2), ("concurrent", 1), ("online", 1), ("online", 2), ("autograd", 1), ("autograd", 2)]


def engine_of(name: str, threads: int, **model: Any) -> tuple[Engine, Any]:
    training = {"batch": 1, "optimizer": "sgd(lr=0.2)"} if name == "online" else {}
    recipe = changed(recipe_of(**model), {"engine": name, "training": training})
    task = dataclasses.replace(task_of(recipe, threads), recipe=recipe)
    return find(name)(task), task


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize(("name", "threads"), KEEP)
def test_answers_are_those_just_before_the_step(name: str, threads: int, output: str) -> None:
    engine, task = engine_of(name, threads, output_activation=output)
    batch = 1 if name == "online" else BATCH
    first, second = np.random.default_rng(3).permutation(PIXELS)[: 2 * batch].reshape(2, -1)
    engine.answers = np.full((PIXELS, 3), np.nan, np.float32)
    for pixels in (first, second):
        expected = engine.outputs(task.coordinates[pixels])
        engine.advance(pixels, np.ones(1))
        np.testing.assert_allclose(engine.answers[pixels], expected, rtol=1e-4, atol=1e-5)
    # What the step did is more than rounding.
    assert np.abs(engine.outputs(task.coordinates[second]) - expected).max() > 1e-4
    rest = np.setdiff1d(np.arange(PIXELS), [*first, *second])
    assert np.isnan(engine.answers[rest]).all()


@pytest.mark.parametrize(("name", "threads"), KEEP)
def test_keeping_answers_changes_no_weight(name: str, threads: int) -> None:
    batch = 1 if name == "online" else BATCH
    pixels, rates = np.random.default_rng(3).integers(0, PIXELS, 5 * batch), np.ones(5)
    weights = []
    for keep in (False, True):
        engine, _ = engine_of(name, threads)
        engine.answers = np.zeros((PIXELS, 3), np.float32) if keep else None
        engine.advance(pixels, rates)
        weights.append(engine.weights())
    for one, other in zip(weights[0].values(), weights[1].values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_replica_keeps_none() -> None:
    assert not find("replica").keeps_answers
