"""Comparisons of the loops in vector code with NumPy in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from sfumato.training.kernels import vector_loops
from sfumato.training.kernels.memory import zeros
from sfumato.training.kernels.vector_code import WIDTH
from sfumato.training.kernels.vector_loops import RANK, ROWS

Floats = NDArray[np.float32]
GROUPS, LINES = 3, 2
HEIGHT, COLUMNS = GROUPS * ROWS, LINES * WIDTH


def random(*shape: int) -> Floats:
    array = zeros(int(np.prod(shape))).reshape(shape)
    array[:] = np.random.default_rng(int(np.prod(shape))).normal(size=shape)
    return array


def matrix(tiles: Floats) -> NDArray[np.float64]:
    return tiles.transpose(0, 2, 1, 3).reshape(HEIGHT, COLUMNS).astype(np.float64)


def call(loop: Any, *arguments: Floats | int) -> None:
    @njit
    def run(numbers: tuple[int, ...]) -> None:
        loop(*numbers)

    run(tuple(a if isinstance(a, int) else a.ctypes.data for a in arguments))


def assert_close(actual: Floats, expected: NDArray[np.float64]) -> None:
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(actual, expected, atol=2e-6 * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("product", ["dots", "combine"])
def test_passes(product: str, update: bool) -> None:
    tiles = random(GROUPS, LINES, ROWS, WIDTH)
    a, b = random(RANK, 2 * WIDTH), random(RANK, 3 * WIDTH)
    by_row = product == "combine"
    v, out = random(WIDTH if by_row else COLUMNS), random(COLUMNS if by_row else WIDTH)
    before, start = matrix(tiles), out.astype(np.float64)
    call(
        getattr(vector_loops, f"{product}_update" if update else product),
        *(tiles, GROUPS, LINES, v, out, a, 2 * WIDTH, b, 3 * WIDTH),
    )
    added = before.T @ v[:HEIGHT] if by_row else np.pad(before @ v, (0, WIDTH - HEIGHT))
    assert_close(out, start + added)
    assert_close(
        matrix(tiles).astype(np.float32),
        before - (a[:, :HEIGHT].astype(np.float64).T @ b[:, :COLUMNS] if update else 0.0),
    )


@pytest.mark.slow
def test_update() -> None:
    tiles, a, b = random(GROUPS, LINES, ROWS, WIDTH), random(WIDTH), random(COLUMNS)
    before = matrix(tiles)
    call(vector_loops.update, tiles, GROUPS, LINES, a, b)
    assert_close(matrix(tiles).astype(np.float32), before - np.outer(a[:HEIGHT].astype(np.float64), b))


@pytest.mark.slow
def test_corrections() -> None:
    a, v, factors = random(RANK, COLUMNS), random(COLUMNS), random(RANK)
    call(vector_loops.project, factors, a, LINES, v)
    assert_close(factors, np.append(a[:-1].astype(np.float64) @ v, 0))
    out, start = random(COLUMNS), random(LINES, WIDTH).reshape(-1)
    call(vector_loops.correct, out, LINES, start, a, factors)
    assert_close(out, start - a[:-1].astype(np.float64).T @ factors[:-1])


@pytest.mark.parametrize("count", [1, 3])
def test_add(count: int) -> None:
    out, vectors = random(COLUMNS), random(count, 3 * WIDTH)
    call(vector_loops.add, out, LINES, vectors, 3 * WIDTH, count)
    assert_close(out, vectors[:, :COLUMNS].astype(np.float64).sum(0))


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("multiply", lambda out, v: out * v),
        ("subtract", lambda out, v: out - v),
        ("scale", lambda out, v: v[0] * v),
    ],
)
def test_elementwise(name: str, formula: Callable[[Any, Any], Any]) -> None:
    out, v = random(2, COLUMNS)
    desired = formula(out.astype(np.float64), v.astype(np.float64))
    call(getattr(vector_loops, name), out, LINES, v, *([v] if name == "scale" else []))
    assert_close(out, desired)


def test_clear() -> None:
    out = random(COLUMNS + WIDTH)
    after = out[COLUMNS:].copy()
    call(vector_loops.clear, out, LINES)
    assert not out[:COLUMNS].any()
    np.testing.assert_array_equal(out[COLUMNS:], after)
