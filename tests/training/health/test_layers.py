"""Statistics of layers compared with formulas written out in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato import models
from sfumato.recipe import Model
from sfumato.training.health.layers import Layer, measure_layers

GENERATOR = np.random.default_rng(5)
INPUTS = torch.from_numpy(GENERATOR.uniform(-1, 1, (40, 2)))
TARGETS = torch.from_numpy(GENERATOR.uniform(0.2, 0.8, (40, 3)))


def loss(outputs: Tensor) -> Tensor:
    return 0.5 * ((outputs - TARGETS) ** 2).sum()


def stats_of(model: nn.Module, max_layers: int = 64) -> list[Layer]:
    return measure_layers(model, INPUTS, loss, max_layers)[0]


def network(**changes: object) -> models.MLP:
    settings = {"depth": 2, "width": 7, "activation": "tanh", "init": "gaussian(2)", **changes}
    return models.mlp(Model.of(settings), 3, 1, torch.float64)


def expected_outputs_and_gradients(model: models.MLP) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return outputs and gradients by the preactivations of every layer of a tanh network with sigmoid outputs."""
    weights = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in model.linear_layers()]
    outputs = [INPUTS.numpy()]
    for number, (weight, bias) in enumerate(weights):
        preactivations = outputs[-1] @ weight.T + bias
        is_last = number == len(weights) - 1
        outputs.append(1 / (1 + np.exp(-preactivations)) if is_last else np.tanh(preactivations))
    gradients = [(outputs[-1] - TARGETS.numpy()) * outputs[-1] * (1 - outputs[-1])]
    for (weight, _), below in zip(weights[:0:-1], outputs[-2:0:-1], strict=True):
        gradients.insert(0, (gradients[0] @ weight) * (1 - below**2))
    return list(zip(outputs[1:], gradients, strict=True))


def test_every_statistic_of_a_small_network() -> None:
    model = network(output_activation="sigmoid")
    layers = stats_of(model)
    assert [layer.name for layer in layers] == ["layers.0", "layers.1", "layers.2"]
    assert [layer.weight for layer in layers] == ["layers.0.weight", "layers.1.weight", "layers.2.weight"]
    expected = expected_outputs_and_gradients(model)
    for layer, (outputs, gradients), linear in zip(layers, expected, model.linear_layers(), strict=True):
        singular = np.linalg.svd(linear.weight.detach().numpy(), compute_uv=False)
        assert layer.units == outputs.shape[1]
        assert layer.activation_mean == pytest.approx(outputs.mean())
        assert layer.activation_spread == pytest.approx(outputs.std())
        assert layer.variation == pytest.approx(np.sqrt(outputs.var(axis=0).mean()))
        assert layer.gradient_mean == pytest.approx(gradients.mean())
        assert layer.gradient_spread == pytest.approx(gradients.std())
        assert layer.gradient_norm == pytest.approx(np.sqrt((np.linalg.norm(gradients, axis=1) ** 2).mean()))
        assert layer.stable_rank == pytest.approx((singular**2).sum() / singular[0] ** 2, rel=1e-4)


def test_dead_units_are_counted() -> None:
    model = network(activation="relu", width=8)
    with torch.no_grad():
        for layer in model.linear_layers()[:2]:
            layer.bias.fill_(100.0)
        # The outputs of the first layer are about 100 as well.
        model.linear_layers()[1].bias[2:] = 1e5
        model.linear_layers()[1].bias[:2] = -1e5
    first, second, output = stats_of(model)
    assert second.dead == 0.25
    assert first.dead == output.dead == 0
    assert first.saturated is None


@pytest.mark.parametrize("activation", ["leaky_relu(0.01)", "sine(30)", "gaussian"])
def test_an_unbounded_activation_is_never_dead_or_saturated(activation: str) -> None:
    for layer in stats_of(network(activation=activation)):
        assert layer.dead == 0
        assert layer.saturated is None


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_saturated_outputs_are_counted(activation: str) -> None:
    model = network(activation=activation, width=4)
    with torch.no_grad():
        model.linear_layers()[0].bias[0] = 100.0
        model.linear_layers()[0].weight[1:] = 0.0
        model.linear_layers()[0].bias[1:] = 0.0
    first = stats_of(model)[0]
    assert first.saturated == 0.25
    assert first.dead == 0.25


class CustomModule(nn.Module):
    """A module with functions, branches, and a norm, which does not count as a layer."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 6), nn.Tanh())
        self.norm = nn.LayerNorm(6)
        self.skip = nn.Linear(6, 6)
        self.last = nn.Linear(6, 3)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.body(x))
        return self.last(x + self.activation(self.skip(x)))


def test_a_custom_module() -> None:
    torch.manual_seed(0)
    model = CustomModule(torch.relu).double()
    with torch.no_grad():
        model.skip.bias.fill_(100.0)
        model.skip.bias[:3] = -100.0
    before = copy.deepcopy(model.state_dict())
    first, skip, last = stats_of(model)
    assert [first.name, skip.name, last.name] == ["body.0", "skip", "last"]
    assert first.saturated is not None
    assert skip.saturated is None
    assert skip.dead == 0.5
    assert last.dead == 0
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_many_layers_are_subsampled_with_the_first_and_the_last() -> None:
    layers = stats_of(network(depth=30), max_layers=4)
    assert [layer.name for layer in layers] == ["layers.0", "layers.10", "layers.20", "layers.30"]


def test_weights_that_are_not_finite_are_measured_too() -> None:
    model = network(depth=1)
    with torch.no_grad():
        model.linear_layers()[0].weight.fill_(float("nan"))
    layers = stats_of(model)
    assert np.isnan(layers[0].stable_rank)
    assert np.isnan(layers[1].activation_mean)


def test_a_unit_is_dead_only_if_no_gradient_passes_at_any_sample() -> None:
    model = network(activation="relu", width=40, depth=1)
    (first, _), (linear, _) = stats_of(model), model.linear_layers()
    off = (INPUTS @ linear.weight.T + linear.bias).detach().numpy() <= 0
    assert 0 < off.all(axis=0).mean() < off.any(axis=0).mean()
    assert first.dead == off.all(axis=0).mean()
