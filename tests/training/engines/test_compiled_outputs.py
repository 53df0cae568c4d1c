"""Comparisons of outputs of compiled code with the network's in float64."""

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


def random_coordinates(count: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 1, (count, 2))


def reference(model: MLP, coordinates: np.ndarray) -> np.ndarray:
    return models.outputs(model.double(), coordinates)


@pytest.mark.parametrize(
    "changes",
    [
        *({"activation": name} for name in ["leaky_relu(0.2)", "relu", "tanh", "sigmoid", "sine(20)", "gaussian(0.7)"]),
        *({"activation": name} for name in ["elu(0.7)", "gelu", "silu", "softplus(3)"]),
        *({"activation": name} for name in ["finer(10)", "gabor(omega=8, scale=2)", "sinc(10)"]),
        {"activation": "sine(omega=20, first_omega=5),tanh,gelu"},
        {"output_activation": "sigmoid"},
        {"biases": False},
        {"encoding": "fourier(sigma=3, features=40)"},
        {"width": (9,)},
    ],
    ids=str,
)
def test_outputs_equal_the_networks_within_rounding(changes: dict[str, object]) -> None:
    model, coordinates = network(**changes), random_coordinates(1300)
    actual = outputs(model, coordinates, threads=2)
    assert actual.dtype == np.float32
    # Rounding grows with a sine's frequency; a wrong weight, bias or activation has an error thousands of times larger.
    rounding = np.abs(models.outputs(model, coordinates) - reference(model, coordinates)).max()
    assert np.abs(actual - reference(model, coordinates)).max() < 4 * rounding + 1e-6


@pytest.mark.parametrize("count", [1, 127, 1024, 1025, 20_000])
def test_outputs_do_not_depend_on_threads_or_on_other_samples(count: int) -> None:
    model, coordinates = network(), random_coordinates(count)
    alone = outputs(model, coordinates)
    np.testing.assert_array_equal(outputs(model, coordinates, threads=2), alone)
    np.testing.assert_array_equal(outputs(model, coordinates, threads=3), alone)
    np.testing.assert_array_equal(outputs(model, coordinates[-1:]), alone[-1:])


def test_outputs_follow_the_weights() -> None:
    model, coordinates = network(), random_coordinates(10)
    before = outputs(model, coordinates)
    with torch.no_grad():
        model.linear_layers()[-1].bias.add_(1)
    np.testing.assert_allclose(outputs(model, coordinates), before + 1, rtol=0, atol=1e-5)


class Negated(MLP):
    def forward(self, coordinates: Tensor) -> Tensor:
        return -super().forward(coordinates)


def uncompiled_modules() -> list[nn.Module]:
    negated, replaced = network(), network()
    negated.__class__ = Negated
    replaced.activations[1] = nn.GELU()
    custom = nn.Sequential(nn.Linear(2, 5), nn.GELU(), nn.Linear(5, 3))
    return [negated, replaced, network().double(), custom]


@pytest.mark.parametrize("model", uncompiled_modules(), ids=["subclass", "activation", "float64", "custom"])
def test_other_modules_run_their_own_forward_pass(model: nn.Module) -> None:
    coordinates = random_coordinates(300)
    actual = outputs(model, coordinates, threads=2)
    np.testing.assert_array_equal(actual, models.outputs(model, coordinates, threads=2))
    first = next(model.parameters())
    with torch.inference_mode():
        expected = model(torch.from_numpy(coordinates).to(first.dtype)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)
