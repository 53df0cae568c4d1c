"""Vectors and matrices at addresses, for compiled loops.

A Numba array made from an address has no owner to count references for: taking a slice in the inner loops then costs
nothing, and threads do not fight over a counter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray
from numpy.typing import NDArray


def _pointer_to_floats(typing_context, address):
    def generate(context, builder, _, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(types.float32)))

    return types.CPointer(types.float32)(types.int64), generate


_pointer: Any = intrinsic(_pointer_to_floats)


@njit(inline="always")
def vector(address: int, count: int) -> NDArray[np.float32]:
    """(count,) float32 at ``address``."""
    return carray(_pointer(address), (count,))


@njit(inline="always")
def matrix(address: int, rows: int, columns: int) -> NDArray[np.float32]:
    """(rows, columns) float32 at ``address``, row by row."""
    return carray(_pointer(address), (rows, columns))


def zeros(count: int) -> NDArray[np.float32]:
    """(count,) zeros, laid out for the caches.

    They start at a cache line; many of them at a huge page, for which NumPy asks in arrays of 4 MiB or more: what is
    near in memory then does not collide in the second-level cache.
    """
    boundary = 1 << 21 if count > 1 << 14 else 64
    spare = np.empty(max(count + boundary // 4, 1 << 20 if boundary > 64 else 0), np.float32)
    first = -spare.ctypes.data % boundary // 4
    block = spare[first : first + count]
    block.fill(0)
    return block
