"""Scalar, tensor and autograd forms of every activation agree."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from sfumato.models.activations import build
from sfumato.recipe import choices

ACTIVATIONS = [
    choices.LeakyReLU(),
    choices.LeakyReLU(negative_slope=0.3),
    choices.ReLU(),
    choices.Tanh(),
    choices.Sigmoid(),
    choices.Sine(omega=3.0),
    choices.GaussianActivation(width=0.7),
]
XS = [-800.0, -3.1, -1.0, -0.2, -1e-3, 1e-3, 0.4, 1.0, 2.7, 800.0]


def scalars(choice: choices.Activation) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Return value and derivative as functions of x."""
    implementation = choice.implementation()
    p = choice.parameters
    assert choice.compiled
    value, derivative = implementation.value, implementation.derivative
    return lambda x: value(x, *p), lambda x: derivative(x, value(x, *p), *p)


@pytest.mark.parametrize("choice", ACTIVATIONS, ids=str)
def test_scalar_and_tensor_agree(choice: choices.Activation) -> None:
    value, _ = scalars(choice)
    tensor = build(choice)(torch.tensor(XS, dtype=torch.float64))
    assert [value(x) for x in XS] == pytest.approx(tensor.tolist(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("choice", ACTIVATIONS, ids=str)
def test_derivative_agrees_with_autograd_and_finite_differences(choice: choices.Activation) -> None:
    value, derivative = scalars(choice)
    xs = torch.tensor(XS, dtype=torch.float64, requires_grad=True)
    build(choice)(xs).sum().backward()
    assert xs.grad is not None
    derivatives = [derivative(x) for x in XS]
    assert derivatives == pytest.approx(xs.grad.tolist(), rel=1e-9, abs=1e-12)
    for x, exact in zip(XS[1:-1], derivatives[1:-1], strict=True):
        h = 1e-5
        numeric = (value(x + h) - value(x - h)) / (2 * h)
        assert exact == pytest.approx(numeric, rel=1e-4, abs=1e-6)
    assert any(abs(each) > 0.01 for each in derivatives)


@pytest.mark.parametrize(
    ("choice", "x", "y"),
    [
        (choices.LeakyReLU(negative_slope=0.1), -2.0, -0.2),
        (choices.LeakyReLU(negative_slope=0.1), 2.0, 2.0),
        (choices.ReLU(), -2.0, 0.0),
        (choices.Tanh(), 0.5, math.tanh(0.5)),
        (choices.Sigmoid(), 0.0, 0.5),
        (choices.Sine(omega=2.0), math.pi / 4, 1.0),
        (choices.GaussianActivation(width=2.0), 2.0, math.exp(-0.5)),
    ],
    ids=str,
)
def test_known_values(choice: choices.Activation, x: float, y: float) -> None:
    value, _ = scalars(choice)
    assert value(x) == pytest.approx(y, rel=1e-15)


def test_the_module_prints_its_choice() -> None:
    assert "sine(omega=2.0)" in repr(build(choices.Sine(omega=2.0)))


def test_large_preactivations_give_finite_values() -> None:
    large = torch.tensor([-1e30, 1e30])
    for choice in ACTIVATIONS:
        value, _ = scalars(choice)
        assert torch.isfinite(build(choice)(large)).all()
        assert np.isfinite([value(x) for x in (-1e30, 1e30)]).all()
