"""The division of a layer's rows between threads, and the sums of the threads' gradients."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.fused.forward_backward import Network, layer_table
from sfumato.training.engines.fused.layout import Field
from sfumato.training.engines.fused.thread_context import ThreadContext
from sfumato.training.kernels.memory import vector
from sfumato.training.kernels.vectors import LANES, transpose

_FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _WEIGHTS_T = int(Field.WEIGHTS), int(Field.WEIGHTS_T)


@njit(nogil=True)
def share(rows: int, rank: int, threads: int) -> tuple[int, int]:
    """Return the first and the end row of a thread's share: multiples of the vector registers' lanes."""
    groups = rows // LANES
    return groups * rank // threads * LANES, groups * (rank + 1) // threads * LANES


@njit(nogil=True)
def triangle_share(rows: int, rank: int, threads: int) -> tuple[int, int]:
    """Return a share as `share` does, but of a lower triangle, so that all threads have equal areas."""
    groups = rows // LANES
    return (
        round(groups * math.sqrt(rank / threads)) * LANES,
        round(groups * math.sqrt((rank + 1) / threads)) * LANES,
    )


@njit(nogil=True)
def sum_over_threads(first_address: int, count: int, stride: int, threads: int, out: int) -> NDArray[np.float32]:
    """Return (count,) the sum of all threads' gradients in the order of their ranks, stored at ``out``.

    ``first_address``: address of the first thread's gradients; ``stride``: bytes to the next thread's. With one thread
    nothing is copied.
    """
    total, first = vector(out, count), vector(first_address, count)
    if threads == 1:
        return first
    second = vector(first_address + stride, count)
    for i in range(count):
        total[i] = first[i] + second[i]
    for rank in range(2, threads):
        other = vector(first_address + rank * stride, count)
        for i in range(count):
            total[i] += other[i]
    return total


@njit(nogil=True)
def reduce_gradients_in_place(thread: ThreadContext, position: int, count: int) -> NDArray[np.float32]:
    """Add all threads' gradients of some weights, store the sum in place of the first thread's, and return it.

    ``position``: position of the first of these weights, in float32.
    """
    first = thread.gradients + 4 * position
    return sum_over_threads(first, count, thread.gradients_stride, thread.threads, first)


@njit(nogil=True)
def transpose_rows(net: Network, layer: int, begin: int, end: int) -> None:
    """Copy some rows of a layer's weights into the columns of its transposed weights, if it has any.

    Normalized weights are transposed when they are computed.
    """
    if net.trained == net.weights and (layer > 0 or net.encoder != 0):
        row = layer_table(net)[layer]
        rows, columns = row[_ROWS], row[_COLUMNS]
        source = net.weights + 4 * (row[_WEIGHTS] + begin * columns)
        transpose(end - begin, row[_FAN_OUT], source, columns, net.weights_t + 4 * (row[_WEIGHTS_T] + begin), rows)
