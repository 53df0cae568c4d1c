from __future__ import annotations

import pytest
import torch
from torch import nn

from sfumato.models import activations
from sfumato.recipe import choices
from sfumato.training.health.activation_slopes import slopes

STEEPEST = {"leaky_relu": 1.0, "relu": 1.0, "tanh": 1.0, "sigmoid": 0.25, "sine": 30.0, "gaussian": 0.6065306597}
"""Of each with its default parameter; gauss: exp(-1/2) at 1."""


@pytest.mark.parametrize("name", STEEPEST)
def test_slopes_are_the_activation_s_derivative(name: str) -> None:
    choice = choices.Activation.parse(name)
    module = activations.build(choice)
    sums = torch.linspace(-3, 3, 41, dtype=torch.float64).reshape(1, -1)
    found = slopes(module, sums)
    assert found is not None
    implementation, p = choice.implementation(), choice.parameters
    expected = [abs(implementation.derivative(x, implementation.value(x, *p), *p)) for x in sums[0].tolist()]
    scale = STEEPEST[name] / (p[0] if name == "gaussian" else 1.0)
    torch.testing.assert_close(
        found.parts[0], torch.tensor(expected, dtype=torch.float64) / scale, rtol=1e-3, atol=1e-6
    )
    assert found.bounded == (name in ("tanh", "sigmoid"))


def test_every_activation_is_tried() -> None:
    assert set(STEEPEST) == set(choices.Activation.members)


@pytest.mark.parametrize("module", [nn.Flatten(0), nn.Sequential(nn.Linear(2, 2))])
def test_what_is_not_elementwise_has_none(module: nn.Module) -> None:
    assert slopes(module, torch.zeros((3, 5))) is None
