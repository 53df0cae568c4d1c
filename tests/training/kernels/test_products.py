"""Comparisons of matrix products with NumPy's in float64."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.training.kernels.products import ROWS, mirror, multiply, multiply_by_itself, multiply_transposed
from sfumato.training.kernels.vectors import LANES, round_up

pytestmark = pytest.mark.slow

SIZES = st.integers(1, 70)


def product(
    function: Callable[..., None], rows: int, columns: int, inner: int, *, transposed: bool, add: bool
) -> tuple[Any, Any, Any]:
    """Return the result, the expected one, and the memory around it after and before."""
    random = np.random.default_rng(rows * 10007 + columns * 101 + inner)
    tall, wide = round_up(rows, ROWS), round_up(columns)
    left = random.standard_normal((inner, tall + 3) if transposed else (tall, inner + 5)).astype(np.float32)
    right = random.standard_normal((inner, wide + 2)).astype(np.float32)
    out = random.standard_normal((tall + 1, wide + 4)).astype(np.float32)
    before = out.copy()
    addresses = [array.ctypes.data for array in (left, right, out)]
    strides = [array.shape[1] for array in (left, right, out)]
    operands = [value for pair in zip(addresses, strides, strict=True) for value in pair]
    function(rows, columns, inner, *operands, int(add))
    a = (left.T if transposed else left)[:rows, :inner] if not transposed else left.T[:rows]
    expected = a.astype(np.float64) @ right[:, :columns].astype(np.float64)
    if add:
        expected += before[:rows, :columns]
    around = np.ones(out.shape, bool)
    around[:tall, :wide] = False
    return out[:rows, :columns], expected, (out[around], before[around])


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
@given(rows=SIZES, columns=SIZES, inner=SIZES)
@settings(max_examples=60)
def test_products_equal_numpys(transposed: bool, add: bool, rows: int, columns: int, inner: int) -> None:
    function = multiply_transposed if transposed else multiply
    actual, expected, (after, before) = product(function, rows, columns, inner, transposed=transposed, add=add)
    # Sums of up to 70 products of numbers of size 1, each rounded to 24 bits.
    np.testing.assert_allclose(actual, expected, atol=2e-5)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_array_equal(after, before)


def test_sizes_of_the_networks() -> None:
    for rows, columns, inner in ((128, 300, 301), (304, 300, 128), (128, 3, 301), (128, 512, 3)):
        actual, expected, _ = product(multiply, rows, columns, inner, transposed=False, add=False)
        np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_an_element_does_not_depend_on_the_sizes() -> None:
    """Compare a product with a part of a larger one: a sample's output must be the same in any tile."""
    random = np.random.default_rng(0)
    left = random.standard_normal((ROWS * 4, 50)).astype(np.float32)
    right = random.standard_normal((50, LANES * 7)).astype(np.float32)
    whole = np.zeros((ROWS * 4, LANES * 7), np.float32)
    operands = (left.ctypes.data, 50, right.ctypes.data, LANES * 7)
    multiply(ROWS * 4, LANES * 7, 50, *operands, whole.ctypes.data, LANES * 7, 0)
    block = np.zeros((ROWS, LANES), np.float32)
    multiply(ROWS, LANES, 50, *operands, block.ctypes.data, LANES, 0)
    np.testing.assert_array_equal(block, whole[:ROWS, :LANES])


@given(columns=SIZES, inner=SIZES, cuts=st.lists(st.integers(0, 5), max_size=2))
@settings(max_examples=60)
def test_shares_of_a_matrix_times_itself_equal_the_whole_product(columns: int, inner: int, cuts: list[int]) -> None:
    wide = round_up(columns)
    left = np.zeros((inner, wide + 3), np.float32)
    left[:, :columns] = np.random.default_rng(columns * 101 + inner).standard_normal((inner, columns))
    whole, shares = np.zeros((wide, wide), np.float32), np.full((wide, wide + 2), 7, np.float32)
    operands = (left.ctypes.data, wide + 3)
    multiply_transposed(wide, wide, inner, *operands, *operands, whole.ctypes.data, wide, 0)
    bounds = sorted([0, *(min(LANES * cut, wide) for cut in cuts), wide])
    for begin, end in itertools.pairwise(bounds):
        multiply_by_itself(begin, end, inner, *operands, shares.ctypes.data, wide + 2, 0)
        mirror(begin, end, shares.ctypes.data, wide + 2)
    np.testing.assert_array_equal(shares[:, :wide], whole)
    np.testing.assert_array_equal(shares[:, wide:], np.full((wide, 2), 7))
    for begin, end in itertools.pairwise(bounds):
        multiply_by_itself(begin, end, inner, *operands, shares.ctypes.data, wide + 2, 1)
        mirror(begin, end, shares.ctypes.data, wide + 2)
    np.testing.assert_allclose(shares[:, :wide], 2 * whole, rtol=1e-5, atol=1e-5)
    assert np.abs(whole).max() > 1e-6
