from __future__ import annotations

import pytest
import torch
from torch import nn

from sfumato.models import activations
from sfumato.recipe import choices
from sfumato.training.health.dead_units import activation_grads

LARGEST_GRAD = {
    "leaky_relu": 1.0,
    "relu": 1.0,
    "elu": 1.0,
    "gelu": 1.1289041451,
    "silu": 1.0998393201,
    "softplus": 0.9996646499,
    "tanh": 1.0,
    "sigmoid": 0.25,
    "sine": 30.0,
    "finer": 503.94,
    "gabor": 10.8509469865,
    "sinc": 13.0854538847,
    "gaussian": 0.6065306597,
}
"""Largest derivative of each activation with its default parameters, for preactivations up to 8; gaussian: exp(-1/2) at
1, softplus: the logistic function at 8, finer: that of multiples of 0.01, as it grows with the preactivation."""


@pytest.mark.parametrize("name", LARGEST_GRAD)
def test_grads_are_the_activation_s_derivative(name: str) -> None:
    choice = choices.Activation.parse(name)
    module = activations.build(choice)
    preactivations = torch.linspace(-3, 3, 41, dtype=torch.float64).reshape(1, -1)
    found = activation_grads(module, preactivations)
    assert found is not None
    implementation, p = choice.implementation(), choice.parameters
    expected = [abs(implementation.derivative(x, implementation.value(x, *p), *p)) for x in preactivations[0].tolist()]
    scale = LARGEST_GRAD[name] / (p[0] if name == "gaussian" else 1.0)
    torch.testing.assert_close(
        found.relative[0], torch.tensor(expected, dtype=torch.float64) / scale, rtol=1e-3, atol=1e-6
    )
    assert found.bounded == (name in ("tanh", "sigmoid"))


def test_every_activation_is_tested() -> None:
    assert set(LARGEST_GRAD) == {name for name, each in choices.Activation.members.items() if not each.is_complex}


@pytest.mark.parametrize("module", [nn.Flatten(0), nn.Sequential(nn.Linear(2, 2))])
def test_a_module_that_is_not_elementwise_has_none(module: nn.Module) -> None:
    assert activation_grads(module, torch.zeros((3, 5))) is None
