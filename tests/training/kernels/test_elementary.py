"""Comparisons of the float32 elementary functions with NumPy's in float64, and tests that activations use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

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


def test_extreme_arguments() -> None:
    xs = np.array([np.nan, -np.inf, -1e30, 0, 1e30, np.inf], np.float32)
    exponential = map_compiled(elementary.exp32, xs)
    assert np.isnan(exponential[0])
    assert (exponential[1:3] < 2e-38).all()
    assert exponential[3] == 1
    assert (exponential[4:] > 1e38).all()
    for function in (elementary.sin32, elementary.cos32):
        sines = map_compiled(function, xs)
        assert np.isnan(sines[0])
        assert (np.abs(sines[[2, 3, 4]]) <= 1).all()


@pytest.mark.parametrize(("name", "fast"), [("exp", "exp32"), ("sin", "sin32"), ("cos", "cos32")])
def test_compiled_activations_use_them(name: str, fast: str) -> None:
    elementary.register_overloads()
    xs = np.random.default_rng(1).uniform(-30, 30, 1000).astype(np.float32)
    named = getattr(activation, name)
    actual = map_compiled(lambda x: named(x), xs)
    np.testing.assert_allclose(actual, map_compiled(getattr(elementary, fast), xs), rtol=3e-7, atol=3e-7)
    # For huge arguments only these functions return a finite number.
    assert np.isfinite(map_compiled(lambda x: named(x), np.array([1e30], np.float32))).all()
    # float64 stays exact.
    exact = map_compiled(lambda x: named(x), xs.astype(np.float64))
    np.testing.assert_allclose(exact, getattr(np, name)(xs.astype(np.float64)), rtol=1e-14)
