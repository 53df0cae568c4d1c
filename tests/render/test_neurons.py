from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import sfumato as sf
from sfumato import models
from sfumato.errors import RunError
from sfumato.models import Region
from sfumato.recipe import Coordinates, Model
from sfumato.render import neurons
from sfumato.render.neurons import LayerOutputs
from sfumato.training.health.layers import measure_layers

pytestmark = pytest.mark.slow


def by_hand(model: nn.Module, rows: list[float], columns: list[float], slope: float) -> list[np.ndarray]:
    """Return the outputs (units, rows, columns) of each hidden layer of a network with leaky ReLU."""
    assert isinstance(model, models.MLP)
    x = np.array([[row, column] for row in rows for column in columns])
    found = []
    for layer in model.linear_layers()[:-1]:
        z = x @ layer.weight.detach().numpy().astype(np.float64).T + layer.bias.detach().numpy()
        x = np.where(z > 0, z, slope * z)
        found.append(x.T.reshape(-1, len(rows), len(columns)))
    return found


def test_outputs_are_the_activations_computed_by_hand(run: sf.Run) -> None:
    model, _ = run.model()
    rows, columns = np.linspace(-1, 1, 41).tolist(), np.linspace(-1, 1, 31).tolist()
    for number, expected in enumerate(by_hand(model, rows, columns, 0.01), start=1):
        layer = neurons.layer(model, run.recipe.coordinates, number, (41, 31))
        assert layer.outputs.shape == (16, 41, 31)
        assert layer.outputs == pytest.approx(expected, abs=1e-5)
        assert isinstance(model, models.MLP)
        outgoing = model.linear_layers()[number].weight.detach().numpy()
        importance = [np.mean(np.abs(expected[u]) * np.sqrt(np.sum(outgoing[:, u] ** 2))) for u in range(16)]
        assert layer.importance == pytest.approx(importance, rel=1e-4)
        assert layer.order.tolist() == sorted(range(16), key=lambda unit: -layer.importance[unit])
        assert not layer.dead.any()


def test_a_region_beyond_the_border(run: sf.Run) -> None:
    model, _ = run.model()
    layer = neurons.layer(model, run.recipe.coordinates, 1, (2, 3), Region(-0.5, 0, 1.5, 1))
    assert layer.outputs == pytest.approx(by_hand(model, [-2, 2], [-1, 0, 1], 0.01)[0], abs=1e-5)


def test_the_forward_hook_is_removed(run: sf.Run) -> None:
    model, _ = run.model()
    assert isinstance(model, models.MLP)
    neurons.layer(model, run.recipe.coordinates, 1, (2, 2))
    assert not any(each._forward_hooks for each in model.activations)


def test_dead_units_are_found() -> None:
    model = models.build(Model.of({"depth": 1, "width": 5, "activation": "relu"}), 3, 0)
    assert isinstance(model, models.MLP)
    hidden, last = model.linear_layers()
    with torch.no_grad():
        # Never above 0; constant above 0, where the gradient passes; small; positive in one corner only; nan.
        hidden.weight.copy_(torch.tensor([[1, 1], [0, 0], [0.001, 0], [1, 1], [torch.nan, 0]]))
        hidden.bias.copy_(torch.tensor([-9, 5, 5, -1.9, 0]))
        last.weight.copy_(torch.tensor([[1.0, 0.1, 2, 1, 1]] * 3))
    layer = neurons.layer(model, Coordinates(), 1, (9, 9))
    assert layer.dead.tolist() == [True, False, False, False, True]
    assert layer.importance[:2] == pytest.approx([0, 0.5 * np.sqrt(3)])
    assert layer.order.tolist()[:3] == [2, 1, 3]


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sine", "gaussian"])
def test_dead_units_are_those_of_the_health_check(activation: str) -> None:
    model = models.build(Model.of({"depth": 2, "width": 40, "activation": activation, "init": "gaussian(20)"}), 3, 1)
    assert isinstance(model, models.MLP)
    with torch.no_grad():
        # Constant units that are not dead.
        model.linear_layers()[0].weight[:3] = 0.0
        model.linear_layers()[0].bias[:3] = 0.1
        # A preactivation far from zero everywhere.
        model.linear_layers()[1].bias[5] = -1e4
    # The grid has more than one tile.
    positions = torch.from_numpy(models.grid(Coordinates(), 40, 30)).float()
    found, _ = measure_layers(model, positions, lambda outputs: outputs.square().sum(), 9)
    for number in (1, 2):
        dead = neurons.layer(model, Coordinates(), number, (40, 30)).dead
        assert dead.mean() == pytest.approx(found[number - 1].dead)
        assert number == 2 or not dead[:3].any()
        assert dead[5] == (activation in ("relu", "tanh", "gaussian")) or number == 1


@pytest.mark.parametrize("number", [0, 3, -1])
def test_other_layers_are_refused(run: sf.Run, number: int) -> None:
    model, _ = run.model()
    assert neurons.depth(model) == 2
    with pytest.raises(RunError, match=rf"hidden layer from 1 to 2, or all\. Got {number}"):
        neurons.layer(model, run.recipe.coordinates, number, (4, 4))


def test_other_networks_are_refused() -> None:
    with pytest.raises(RunError, match=r"multilayer perceptron \(MLP\)\. Got Sequential"):
        neurons.layer(nn.Sequential(nn.Linear(2, 3)), Coordinates(), 1, (4, 4))


def test_equal_importance_keeps_the_order() -> None:
    layer = LayerOutputs(np.zeros((3, 1, 1), np.float32), np.array([0.5, 0.7, 0.5]), np.zeros(3, bool))
    assert layer.order.tolist() == [1, 0, 2]
