"""Problems that are no pictures: any number of inputs and outputs, in every engine that learns more than 2012 did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.training import Trainer
from sfumato.training.samples import Samples
from tests.small import SMALL


def trained(problem: Samples, changes: dict[str, Any]) -> list[NDArray[np.float64]]:
    """Return the weights after training, layer by layer. They must have changed, and the problem must be learned."""
    recipe = changed(changed(Recipe(), SMALL), {"device": "cpu", **changes})
    columns = problem.inputs.shape[1]
    network = models.mlp(recipe.model, 2, 0, models.DTYPES[recipe.dtype], recipe.coordinates, columns)
    before = [layer.weight.detach().double().numpy().copy() for layer in network.linear_layers()]
    *_, last = Trainer(recipe, problem, network).snapshots()
    arrays = last.weights()
    after = [arrays[f"layers.{layer}.weight"].astype(np.float64) for layer in range(len(before))]
    assert min(np.abs(new - old).max() for new, old in zip(after, before, strict=True)) > 1e-2
    assert last.evaluation is not None
    assert last.evaluation.mse < 0.7 * problem.targets.var()
    return after


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["none", "fourier(sigma=0.2, features=16)"])
@pytest.mark.parametrize("inputs", [1, 5])
@pytest.mark.parametrize("engine", ["fused", "online", "autograd"])
def test_inputs_of_any_number_are_learned(engine: str, inputs: int, encoding: str) -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (40, inputs))
    problem = Samples(values, np.stack([np.sin(values.sum(axis=1)), values[:, 0]], axis=1))
    training = {"batch": 1 if engine == "online" else 4, "optimizer": "sgd(lr=0.05)"}
    changes: dict[str, Any] = {"model": {"encoding": encoding}, "training": training, "budget": {"epochs": 10}}
    found = trained(problem, {"engine": engine, "dtype": "float32", **changes})
    expected = trained(problem, {"engine": "autograd", "dtype": "float64", **changes})
    for layer, (one, other) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(one, other, atol=2e-5, err_msg=f"layer {layer}")
