"""The figures of layers against the same written out by hand in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato import models
from sfumato.recipe import Model
from sfumato.training.health.layers import Layer, measured

GENERATOR = np.random.default_rng(5)
INPUTS = torch.from_numpy(GENERATOR.uniform(-1, 1, (40, 2)))
TARGETS = torch.from_numpy(GENERATOR.uniform(0.2, 0.8, (40, 3)))


def loss(answers: Tensor) -> Tensor:
    return 0.5 * ((answers - TARGETS) ** 2).sum()


def figures(model: nn.Module, most: int = 64) -> list[Layer]:
    return measured(model, INPUTS, loss, most)[0]


def network(**changes: object) -> models.MLP:
    settings = {"depth": 2, "width": 7, "activation": "tanh", "init": "gaussian(2)", **changes}
    return models.mlp(Model.of(settings), 3, 1, torch.float64)


def by_hand(model: models.MLP) -> list[tuple[np.ndarray, np.ndarray]]:
    """(answers, gradients by the sums) of every layer of a tanh network with sigmoid outputs."""
    weights = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in model.linear_layers()]
    answers = [INPUTS.numpy()]
    for number, (weight, bias) in enumerate(weights):
        sums = answers[-1] @ weight.T + bias
        answers.append(1 / (1 + np.exp(-sums)) if number == len(weights) - 1 else np.tanh(sums))
    back = (answers[-1] - TARGETS.numpy()) * answers[-1] * (1 - answers[-1])
    gradients = [back]
    for (weight, _), below in zip(weights[:0:-1], answers[-2:0:-1], strict=True):
        gradients.insert(0, (gradients[0] @ weight) * (1 - below**2))
    return list(zip(answers[1:], gradients, strict=True))


def test_every_figure_of_a_small_network() -> None:
    model = network(output_activation="sigmoid")
    layers = figures(model)
    assert [layer.name for layer in layers] == ["layers.0", "layers.1", "layers.2"]
    assert [layer.weight for layer in layers] == ["layers.0.weight", "layers.1.weight", "layers.2.weight"]
    for layer, (answers, gradients), linear in zip(layers, by_hand(model), model.linear_layers(), strict=True):
        singular = np.linalg.svd(linear.weight.detach().numpy(), compute_uv=False)
        assert layer.units == answers.shape[1]
        assert layer.activation_mean == pytest.approx(answers.mean())
        assert layer.activation_spread == pytest.approx(answers.std())
        assert layer.variation == pytest.approx(np.sqrt(answers.var(axis=0).mean()))
        assert layer.gradient_mean == pytest.approx(gradients.mean())
        assert layer.gradient_spread == pytest.approx(gradients.std())
        assert layer.gradient_norm == pytest.approx(np.sqrt((np.linalg.norm(gradients, axis=1) ** 2).mean()))
        assert layer.stable_rank == pytest.approx((singular**2).sum() / singular[0] ** 2, rel=1e-4)


def test_dead_units_are_counted() -> None:
    model = network(activation="relu", width=8)
    with torch.no_grad():
        for layer in model.linear_layers()[:2]:
            layer.bias.fill_(100.0)
        # The first layer's answers are of about 100 as well.
        model.linear_layers()[1].bias[2:] = 1e5
        model.linear_layers()[1].bias[:2] = -1e5
    first, second, output = figures(model)
    assert second.dead == 0.25
    assert first.dead == output.dead == 0
    assert first.saturated is None


@pytest.mark.parametrize("activation", ["leaky_relu(0.01)", "sine(30)", "gaussian"])
def test_what_is_not_bounded_is_never_dead_nor_saturated(activation: str) -> None:
    for layer in figures(network(activation=activation)):
        assert layer.dead == 0
        assert layer.saturated is None


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_saturated_answers_are_counted(activation: str) -> None:
    model = network(activation=activation, width=4)
    with torch.no_grad():
        model.linear_layers()[0].bias[0] = 100.0
        model.linear_layers()[0].weight[1:] = 0.0
        model.linear_layers()[0].bias[1:] = 0.0
    first = figures(model)[0]
    assert first.saturated == 0.25
    assert first.dead == 0.25


class Own(nn.Module):
    """Functions, branches and a layer of its own kind; a norm that is no layer here."""

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


def test_a_module_of_one_s_own() -> None:
    torch.manual_seed(0)
    model = Own(torch.relu).double()
    with torch.no_grad():
        model.skip.bias.fill_(100.0)
        model.skip.bias[:3] = -100.0
    before = copy.deepcopy(model.state_dict())
    first, skip, last = figures(model)
    assert [first.name, skip.name, last.name] == ["body.0", "skip", "last"]
    assert first.saturated is not None
    assert skip.saturated is None
    assert skip.dead == 0.5
    assert last.dead == 0
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_many_layers_are_thinned_to_both_ends() -> None:
    layers = figures(network(depth=30), most=4)
    assert [layer.name for layer in layers] == ["layers.0", "layers.10", "layers.20", "layers.30"]


def test_what_is_not_finite_is_measured_too() -> None:
    model = network(depth=1)
    with torch.no_grad():
        model.linear_layers()[0].weight.fill_(float("nan"))
    layers = figures(model)
    assert np.isnan(layers[0].stable_rank)
    assert np.isnan(layers[1].activation_mean)


def test_a_unit_is_dead_only_where_nothing_passes_at_any_sample() -> None:
    model = network(activation="relu", width=40, depth=1)
    (first, _), (linear, _) = figures(model), model.linear_layers()
    off = (INPUTS @ linear.weight.T + linear.bias).detach().numpy() <= 0
    assert 0 < off.all(axis=0).mean() < off.any(axis=0).mean()
    assert first.dead == off.all(axis=0).mean()
