"""Answers of compiled code against the network's own in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato import models
from sfumato.models.mlp import MLP
from sfumato.recipe import Recipe, changed
from sfumato.training import outputs


def network(**changes: object) -> MLP:
    recipe = changed(Recipe(), {"model": {"width": (37, 21, 30), "init": "gaussian(1)", **changes}})
    return models.mlp(recipe.model, 3, 1)


def places(count: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 1, (count, 2))


def exact(model: MLP, coordinates: np.ndarray) -> np.ndarray:
    return models.outputs(model.double(), coordinates)


@pytest.mark.parametrize(
    "changes",
    [
        *({"activation": name} for name in ["leaky_relu(0.2)", "relu", "tanh", "sigmoid", "sine(20)", "gaussian(0.7)"]),
        {"output_activation": "sigmoid"},
        {"biases": False},
        {"encoding": "fourier(sigma=3, features=40)"},
        {"width": (9,)},
    ],
    ids=str,
)
def test_they_are_the_network_s_within_rounding(changes: dict[str, object]) -> None:
    model, coordinates = network(**changes), places(1300)
    found = outputs(model, coordinates, threads=2)
    assert found.dtype == np.float32
    # Rounding grows with a sine's frequency; a wrong weight, bias or activation is off by thousands of times as much.
    own = np.abs(models.outputs(model, coordinates) - exact(model, coordinates)).max()
    assert np.abs(found - exact(model, coordinates)).max() < 4 * own + 1e-6


@pytest.mark.parametrize("count", [1, 127, 1024, 1025, 20_000])
def test_neither_threads_nor_company_change_a_bit(count: int) -> None:
    model, coordinates = network(), places(count)
    alone = outputs(model, coordinates)
    np.testing.assert_array_equal(outputs(model, coordinates, threads=2), alone)
    np.testing.assert_array_equal(outputs(model, coordinates, threads=3), alone)
    np.testing.assert_array_equal(outputs(model, coordinates[-1:]), alone[-1:])


def test_they_follow_the_weights() -> None:
    model, coordinates = network(), places(10)
    before = outputs(model, coordinates)
    with torch.no_grad():
        model.linear_layers()[-1].bias.add_(1)
    np.testing.assert_allclose(outputs(model, coordinates), before + 1, rtol=0, atol=1e-5)


class Turned(MLP):
    def forward(self, coordinates: Tensor) -> Tensor:
        return -super().forward(coordinates)


def others() -> list[nn.Module]:
    turned, replaced = network(), network()
    turned.__class__ = Turned
    replaced.activate = nn.GELU()
    own = nn.Sequential(nn.Linear(2, 5), nn.GELU(), nn.Linear(5, 3))
    return [turned, replaced, network().double(), own]


@pytest.mark.parametrize("model", others(), ids=["subclass", "activation", "float64", "own"])
def test_every_other_module_answers_itself(model: nn.Module) -> None:
    coordinates = places(300)
    found = outputs(model, coordinates, threads=2)
    np.testing.assert_array_equal(found, models.outputs(model, coordinates, threads=2))
    first = next(model.parameters())
    with torch.inference_mode():
        itself = model(torch.from_numpy(coordinates).to(first.dtype)).numpy()
    np.testing.assert_allclose(found, itself, rtol=0, atol=1e-5)
