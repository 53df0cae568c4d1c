"""Vectors and matrices at addresses, for compiled loops.

A Numba array made from an address has no owner to count references for: taking a slice in the inner loops then costs
nothing, and threads do not fight over a counter.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray


@intrinsic
def _floats(typing_context, address):
    def generate(context, builder, _, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(types.float32)))

    return types.CPointer(types.float32)(types.int64), generate


@njit(inline="always")
def vector(address: int, count: int) -> NDArray[np.float32]:
    """(count,) float32 at ``address``."""
    return numba.carray(_floats(address), (count,))


@njit(inline="always")
def matrix(address: int, rows: int, columns: int) -> NDArray[np.float32]:
    """(rows, columns) float32 at ``address``, row by row."""
    return numba.carray(_floats(address), (rows, columns))
