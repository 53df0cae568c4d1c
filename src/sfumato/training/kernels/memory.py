"""Vectors, matrices and numbers at addresses, for compiled loops.

Compiled functions count references to an array whenever they pass it on, with an atomic instruction each time, and
threads that share the array contend for the counter. An array made from an address has no owner and no counter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray
from numpy.typing import NDArray


def _pointer_to(scalar: types.Type) -> Any:
    def typed(typing_context, address):
        def generate(context, builder, _, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(scalar)))

        return types.CPointer(scalar)(types.int64), generate

    return intrinsic(typed)


_pointer, _pointer_to_integer = _pointer_to(types.float32), _pointer_to(types.int64)
_pointer_to_double, _pointer_to_byte = _pointer_to(types.float64), _pointer_to(types.uint8)


@njit(inline="always")
def vector(address: int, count: int) -> NDArray[np.float32]:
    """Return a view of (count,) float32 at ``address``."""
    return carray(_pointer(address), (count,))


@njit(inline="always")
def matrix(address: int, rows: int, columns: int) -> NDArray[np.float32]:
    """Return a view of (rows, columns) float32 at ``address``, row by row."""
    return carray(_pointer(address), (rows, columns))


@njit(inline="always")
def integer(address: int) -> int:
    """Return the int64 at ``address``."""
    return carray(_pointer_to_integer(address), (1,))[0]


@njit(inline="always")
def integers(address: int, count: int) -> NDArray[np.int64]:
    """Return a view of (count,) int64 at ``address``."""
    return carray(_pointer_to_integer(address), (count,))


@njit(inline="always")
def integer_matrix(address: int, rows: int, columns: int) -> NDArray[np.int64]:
    """Return a view of (rows, columns) int64 at ``address``, row by row."""
    return carray(_pointer_to_integer(address), (rows, columns))


@njit(inline="always")
def doubles(address: int, count: int) -> NDArray[np.float64]:
    """Return a view of (count,) float64 at ``address``."""
    return carray(_pointer_to_double(address), (count,))


@njit(inline="always")
def flags(address: int, count: int) -> NDArray[np.uint8]:
    """Return a view of (count,) uint8 at ``address``."""
    return carray(_pointer_to_byte(address), (count,))


def zeros(count: int) -> NDArray[np.float32]:
    """Return (count,) zeros, aligned for the caches.

    A short array starts at a cache line, a long one at a huge page, which NumPy requests for arrays of 4 MiB or more:
    addresses that are near each other then do not collide in the second-level cache.
    """
    boundary = 1 << 21 if count > 1 << 14 else 64
    spare = np.empty(max(count + boundary // 4, 1 << 20 if boundary > 64 else 0), np.float32)
    first = -spare.ctypes.data % boundary // 4
    block = spare[first : first + count]
    block.fill(0)
    return block
