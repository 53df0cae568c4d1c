"""Scalar, tensor, compiled and autograd forms of every activation agree with its formula."""

from __future__ import annotations

import cmath
import ctypes
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit, types
from numpy.typing import NDArray
from scipy.special import expit

from sfumato.models.activations import build
from sfumato.recipe import choices
from sfumato.training.engines.compiled_activation import compiled
from sfumato.training.kernels import elementary

FORMULAS: dict[choices.Activation, Callable[[float], float]] = {
    choices.LeakyReLU(): lambda x: max(x, 0.01 * x),
    choices.LeakyReLU(negative_slope=0.3): lambda x: max(x, 0.3 * x),
    choices.ReLU(): lambda x: max(x, 0.0),
    choices.ELU(alpha=1.3): lambda x: max(x, 0.0) + 1.3 * math.expm1(min(x, 0.0)),
    choices.GELU(): lambda x: x * NormalDist().cdf(x),
    choices.SiLU(): lambda x: x * float(expit(x)),
    choices.Softplus(beta=2.0): lambda x: float(np.logaddexp(0, 2 * x)) / 2,
    choices.Tanh(): math.tanh,
    choices.Sigmoid(): lambda x: float(expit(x)),
    choices.Sine(omega=3.0): lambda x: math.sin(3 * x),
    choices.Finer(omega=3.0): lambda x: math.sin(3 * (abs(x) + 1) * x),
    # The real part of WIRE's complex wavelet.
    choices.Gabor(omega=5.0, scale=0.6): lambda x: cmath.exp(complex(-((0.6 * x) ** 2), 5 * x)).real,
    choices.Sinc(omega=3.0): lambda x: float(np.sinc(3 * x / math.pi)),
    choices.GaussianActivation(width=0.7): lambda x: math.exp(-x * x / (2 * 0.7**2)),
}
"""A formula of every member, written out independently of its implementation."""
ACTIVATIONS = list(FORMULAS)
XS = [-800.0, -3.1, -1.0, -0.2, -1e-3, 1e-3, 0.4, 1.0, 2.7, 800.0]
PRECISE = [
    choices.ELU(alpha=1.3),
    choices.GELU(),
    choices.SiLU(),
    choices.Softplus(beta=2.0),
    choices.Sine(omega=3.0),
    choices.Finer(omega=3.0),
    choices.Finer(omega=3.0, differentiate_scale=False),
    choices.Gabor(omega=5.0, scale=0.4),
    choices.Sinc(omega=3.0),
]
"""Members whose compiled form keeps relative precision also where values or derivatives are small."""


def test_every_member_has_a_formula() -> None:
    real = {member for member in choices.Activation.members.values() if not member.is_complex}
    assert {type(choice) for choice in FORMULAS} == real


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
def test_the_value_is_that_of_the_formula(choice: choices.Activation) -> None:
    value, _ = scalars(choice)
    assert [value(x) for x in XS] == pytest.approx([FORMULAS[choice](x) for x in XS], rel=1e-12, abs=1e-15)
    assert any(abs(value(x)) > 0.1 for x in XS)


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
        (choices.ELU(), -math.log(2), -0.5),
        (choices.GELU(), 1.0, 0.8413447460685429),
        (choices.SiLU(), math.log(3), 0.75 * math.log(3)),
        (choices.Softplus(), 0.0, math.log(2)),
        (choices.Gabor(omega=math.pi, scale=1.0), 1.0, -math.exp(-1)),
        (choices.Finer(omega=math.pi / 4), 1.0, 1.0),
        (choices.Finer(omega=math.pi / 4, differentiate_scale=False), -1.0, -1.0),
        (choices.Sinc(omega=math.pi), 0.5, 2 / math.pi),
        (choices.Sinc(), 0.0, 1.0),
    ],
    ids=str,
)
def test_known_values(choice: choices.Activation, x: float, y: float) -> None:
    value, _ = scalars(choice)
    assert value(x) == pytest.approx(y, rel=1e-15)


def test_the_module_prints_its_choice() -> None:
    assert "sine(omega=2.0)" in repr(build(choices.Sine(omega=2.0)))


def test_the_gradient_of_finer_without_its_scale_is_that_of_a_constant_frequency() -> None:
    choice = choices.Finer(omega=3.0, differentiate_scale=False)
    value, derivative = scalars(choice)
    xs = torch.tensor(XS, dtype=torch.float64, requires_grad=True)
    build(choice)(xs).sum().backward()
    assert xs.grad is not None
    expected = [3 * (abs(x) + 1) * math.cos(3 * (abs(x) + 1) * x) for x in XS]
    assert [derivative(x) for x in XS] == pytest.approx(expected, rel=1e-9)
    assert xs.grad.tolist() == pytest.approx(expected, rel=1e-9)
    assert [value(x) for x in XS] == [scalars(choices.Finer(omega=3.0))[0](x) for x in XS]


def test_large_preactivations_give_finite_values_and_gradients() -> None:
    for choice in ACTIVATIONS:
        large = torch.tensor([-1e30, 1e30], requires_grad=True)
        values = build(choice)(large)
        values.sum().backward()
        assert torch.isfinite(values).all(), choice
        assert large.grad is not None
        assert torch.isfinite(large.grad).all(), choice
        value, derivative = scalars(choice)
        assert np.isfinite([function(x) for function in (value, derivative) for x in (-1e30, 1e30)]).all(), choice


def run_compiled(choice: choices.Activation, xs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return values and derivatives by the compiled loop."""
    loop = compiled(choice)
    ys, grads = np.empty_like(xs), np.empty_like(xs)
    address = ctypes.c_void_p
    call = ctypes.CFUNCTYPE(None, address, address, address, ctypes.c_int64, address)(loop.function)
    call(xs.ctypes.data, ys.ctypes.data, grads.ctypes.data, len(xs), loop.parameters)
    return ys, grads


@pytest.mark.slow
@pytest.mark.parametrize("choice", ACTIVATIONS, ids=str)
def test_compiled_values_and_derivatives_of_extreme_arguments(choice: choices.Activation) -> None:
    for each in run_compiled(choice, np.array([-1e30, -100, 100, 1e30], np.float32)):
        assert np.isfinite(each).all()


@pytest.mark.slow
@pytest.mark.parametrize("choice", PRECISE, ids=str)
def test_compiled_values_and_derivatives_of_nan_are_nan(choice: choices.Activation) -> None:
    assert np.isnan(run_compiled(choice, np.array([math.nan], np.float32))).all()


@pytest.mark.slow
@pytest.mark.parametrize("choice", PRECISE, ids=str)
def test_compiled_values_and_derivatives_keep_relative_precision(choice: choices.Activation) -> None:
    random = np.random.default_rng(0)
    xs = (np.exp(random.uniform(math.log(1e-6), math.log(8), 5000)) * random.choice([-1, 1], 5000)).astype(np.float32)
    value, derivative = choice.implementation().value, choice.implementation().derivative
    # As the compiled form has them.
    p = tuple(float(np.float32(each)) for each in choice.parameters)
    exact = np.array([value(x, *p) for x in xs.tolist()])
    slope = np.array([derivative(x, value(x, *p), *p) for x in xs.tolist()])
    near = [x * (1 + 1e-5) for x in xs.tolist()]
    curved = (np.array([derivative(x, value(x, *p), *p) for x in near]) - slope) / (1e-5 * xs)
    values, derivatives = run_compiled(choice, xs)
    # Rounding x itself, or an angle, changes a value by this much.
    assert (np.abs(values - exact) / (np.abs(exact) + np.abs(xs * slope))).max() < 2e-6
    assert (np.abs(derivatives - slope) / (np.abs(slope) + np.abs(xs * curved))).max() < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("choice", PRECISE, ids=str)
def test_compiled_loops_compute_in_float32(choice: choices.Activation) -> None:
    # Arithmetic in float64 would take twice as long.
    elementary.register_overloads()
    implementation, count = choice.implementation(), len(choice.parameters)
    functions: list[tuple[Any, int]] = [(implementation.value, 1 + count), (implementation.derivative, 2 + count)]
    for function, arguments in functions:
        one: Any = njit(function)
        one.compile((types.float32,) * arguments)
        assert one.nopython_signatures[0].return_type == types.float32
