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
