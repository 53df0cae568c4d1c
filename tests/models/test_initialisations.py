"""Each initialisation has the distribution that its source tells."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.models import mlp as build
from sfumato.models.initialisations import IMPLEMENTATIONS, Shape, initialise
from sfumato.recipe import Model, choices
from sfumato.streams import stream

FAN_IN, FAN_OUT = 200, 300


def drawn(choice: choices.Initialisation, *, first: bool = False) -> tuple[np.ndarray, np.ndarray]:
    return IMPLEMENTATIONS[type(choice)](choice, Shape(FAN_IN, FAN_OUT, first), stream(1, "test"))


@pytest.mark.parametrize(
    ("choice", "deviation"),
    [
        (choices.Gaussian(scale=0.3), 0.3 / math.sqrt(FAN_IN + 1)),
        (choices.He(), math.sqrt(2 / FAN_IN)),
        (choices.He(distribution="uniform"), math.sqrt(2 / FAN_IN)),
        (choices.Glorot(), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (choices.Glorot(distribution="normal"), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (choices.LeCun(), math.sqrt(1 / FAN_IN)),
        (choices.Orthogonal(gain=1.5), 1.5 / math.sqrt(FAN_OUT)),
        (choices.Siren(omega=20.0), math.sqrt(6 / FAN_IN) / 20 / math.sqrt(3)),
    ],
    ids=str,
)
def test_mean_and_deviation(choice: choices.Initialisation, deviation: float) -> None:
    weights, biases = drawn(choice)
    assert weights.shape == (FAN_OUT, FAN_IN)
    assert biases.shape == (FAN_OUT,)
    # 60,000 draws: the deviation of the sample is within 1% of the distribution's, the mean within 0.015 of it.
    assert weights.std() == pytest.approx(deviation, rel=0.015)
    assert abs(weights.mean()) < 0.015 * deviation


def test_distributions_differ_in_their_tails() -> None:
    normal, _ = drawn(choices.He(distribution="normal"))
    uniform, _ = drawn(choices.He(distribution="uniform"))
    assert np.abs(normal).max() > 3.5 * math.sqrt(2 / FAN_IN)
    assert np.abs(uniform).max() <= math.sqrt(6 / FAN_IN)


def test_biases() -> None:
    for choice in (choices.He(), choices.Glorot(), choices.LeCun(), choices.Orthogonal()):
        assert not drawn(choice)[1].any()
    assert drawn(choices.Gaussian(scale=3.0))[1].std() == pytest.approx(3 / math.sqrt(FAN_IN + 1), rel=0.15)
    siren = drawn(choices.Siren())[1]
    assert 0.9 / math.sqrt(FAN_IN) < np.abs(siren).max() <= 1 / math.sqrt(FAN_IN)


def test_siren_s_first_layer() -> None:
    weights, _ = drawn(choices.Siren(), first=True)
    assert 0.99 / FAN_IN < np.abs(weights).max() <= 1 / FAN_IN


@pytest.mark.parametrize(("fan_in", "fan_out"), [(20, 30), (30, 20), (25, 25)])
def test_orthogonal(fan_in: int, fan_out: int) -> None:
    choice = choices.Orthogonal(gain=2.0)
    weights, _ = IMPLEMENTATIONS[type(choice)](choice, Shape(fan_in, fan_out, first=False), stream(1, "test"))
    small = weights @ weights.T if fan_out <= fan_in else weights.T @ weights
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_layers_that_networks_share_are_drawn_alike() -> None:
    shallow = build(Model(depth=2, width=9), 3, seed=5)
    deep = build(Model(depth=4, width=9), 3, seed=5)
    pairs = [(shallow.layers[i], deep.layers[i]) for i in (0, 1, -1)]
    for a, b in pairs:
        assert isinstance(a, nn.Linear)
        assert isinstance(b, nn.Linear)
        assert torch.equal(a.weight, b.weight)
    assert not torch.equal(build(Model(width=9), 3, seed=6).linear_layers()[1].weight, deep.linear_layers()[1].weight)


def test_no_two_layers_are_drawn_alike() -> None:
    layers = [nn.Linear(8, 8) for _ in range(3)]
    initialise(layers, choices.He(), seed=1)
    assert not torch.equal(layers[0].weight, layers[1].weight)
    assert not torch.equal(layers[1].weight, layers[2].weight)


def test_without_biases() -> None:
    layer = nn.Linear(4, 4, bias=False)
    initialise([layer], choices.Siren(), seed=1)
    assert layer.weight.abs().max() <= 0.25
