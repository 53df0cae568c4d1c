"""Comparisons of the float32 elementary functions with NumPy's in float64, and tests that activations use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy.special import erfc

from sfumato.models.activations import activation
from sfumato.training.kernels import elementary

pytestmark = pytest.mark.slow


@njit
def _map_compiled(function, xs):
    ys = np.empty_like(xs)
    for i in range(len(xs)):
        ys[i] = function(xs[i])
    return ys


def map_compiled(function: Any, xs: NDArray[Any]) -> NDArray[Any]:
    return _map_compiled(njit(function), xs)


@pytest.mark.parametrize(
    ("function", "exact"),
    [(elementary.sin32, np.sin), (elementary.cos32, np.cos)],
)
@pytest.mark.parametrize("largest", [1.0, 30.0, 1000.0])
def test_sine_and_cosine(function: Any, exact: Any, largest: float) -> None:
    xs = np.random.default_rng(1).uniform(-largest, largest, 100_000).astype(np.float32)
    assert np.abs(map_compiled(function, xs) - exact(xs.astype(np.float64))).max() < 2e-7


def test_exponential() -> None:
    xs = np.random.default_rng(1).uniform(-86, 87, 100_000).astype(np.float32)
    assert np.abs(map_compiled(elementary.exp32, xs) / np.exp(xs.astype(np.float64)) - 1).max() < 2e-7


def sizes(low: float, high: float) -> NDArray[np.float32]:
    """Return numbers from the first to the second size, spread evenly on a logarithmic scale."""
    return np.exp(np.random.default_rng(1).uniform(np.log(low), np.log(high), 50_000)).astype(np.float32)


def relative_error(function: Any, exact: Any, xs: NDArray[np.float32]) -> float:
    return float(np.abs(map_compiled(function, xs) / exact(xs.astype(np.float64)) - 1).max())


@pytest.mark.parametrize("xs", [sizes(1e-30, 87), -sizes(1e-30, 86)], ids=["above 0", "below 0"])
def test_exponential_minus_1(xs: NDArray[np.float32]) -> None:
    assert relative_error(elementary.expm1_32, np.expm1, xs) < 2e-7


@pytest.mark.parametrize("xs", [sizes(1e-30, 1), sizes(1, 3e38), -sizes(1e-30, 0.5), sizes(1e-3, 0.5) - 1], ids=len)
def test_logarithm_of_1_plus(xs: NDArray[np.float32]) -> None:
    assert relative_error(elementary.log1p32, np.log1p, xs) < 2e-7


@pytest.mark.parametrize("xs", [-sizes(1e-30, 100), sizes(1e-30, 1), sizes(1, 9.1)], ids=["below 0", "near", "far"])
def test_complementary_error_function(xs: NDArray[np.float32]) -> None:
    assert relative_error(elementary.erfc32, erfc, xs) < 6e-7


def test_extreme_arguments() -> None:
    xs = np.array([np.nan, -np.inf, -1e30, 0, 1e30, np.inf], np.float32)
    exponential = map_compiled(elementary.exp32, xs)
    assert np.isnan(exponential[0])
    assert (exponential[1:3] < 2e-38).all()
    assert exponential[3] == 1
    assert (exponential[4:] > 1e38).all()
    np.testing.assert_array_equal(map_compiled(elementary.expm1_32, xs)[1:4], [-1, -1, 0])
    np.testing.assert_allclose(map_compiled(elementary.log1p32, xs)[3:5], [0, np.log(1e30)], rtol=2e-7)
    np.testing.assert_allclose(map_compiled(elementary.erfc32, xs)[1:], [2, 2, 1, 0, 0], rtol=2e-7, atol=2e-39)
    for function in (elementary.expm1_32, elementary.log1p32, elementary.erfc32):
        assert np.isnan(map_compiled(function, xs)[0])
    for function in (elementary.sin32, elementary.cos32):
        sines = map_compiled(function, xs)
        assert np.isnan(sines[0])
        assert (np.abs(sines[[2, 3, 4]]) <= 1).all()


@pytest.mark.parametrize(
    ("name", "fast", "in_float64"),
    [
        ("exp", "exp32", np.exp),
        ("expm1", "expm1_32", np.expm1),
        ("log1p", "log1p32", np.log1p),
        ("erfc", "erfc32", erfc),
        ("sin", "sin32", np.sin),
        ("cos", "cos32", np.cos),
    ],
)
def test_compiled_activations_use_them(name: str, fast: str, in_float64: Any) -> None:
    elementary.register_overloads()
    xs = np.random.default_rng(1).uniform(-0.9 if name == "log1p" else -30, 30, 1000).astype(np.float32)
    named = getattr(activation, name)
    actual = map_compiled(lambda x: named(x), xs)
    np.testing.assert_allclose(actual, map_compiled(getattr(elementary, fast), xs), rtol=3e-7, atol=3e-7)
    # For huge arguments only these functions return a finite number.
    assert np.isfinite(map_compiled(lambda x: named(x), np.array([1e30], np.float32))).all()
    # float64 stays exact.
    exact = map_compiled(lambda x: named(x), xs.astype(np.float64))
    np.testing.assert_allclose(exact, in_float64(xs.astype(np.float64)), rtol=1e-14, atol=1e-300)
