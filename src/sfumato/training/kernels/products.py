"""Products of float32 matrices at addresses, for compiled loops, computed by the calling thread."""

from __future__ import annotations

from numba import njit

from sfumato.training.kernels.micro_kernel import ROWS, WIDEST, micro_kernel
from sfumato.training.kernels.transpose import transpose
from sfumato.training.kernels.vectors import LANES

_ONE, _TWO, _THREE = (micro_kernel(vectors, left_transposed=False) for vectors in (1, 2, WIDEST))
_ONE_T, _TWO_T, _THREE_T = (micro_kernel(vectors, left_transposed=True) for vectors in (1, 2, WIDEST))


@njit(nogil=True, inline="never")
def multiply(
    rows: int,
    columns: int,
    inner: int,
    left: int,
    left_stride: int,
    right: int,
    right_stride: int,
    out: int,
    out_stride: int,
    add: int,
) -> None:
    """Compute out (rows, columns) = left (rows, inner) right (inner, columns), added to ``out`` if ``add`` is not 0.

    Addresses are in bytes, strides in float32. ``rows`` is rounded up to a multiple of `ROWS`, ``columns`` to one of
    `LANES`, both in reading and in writing. Each element is a sum over ``inner`` in ascending order, for all sizes.
    """
    column = 0
    while column < columns:
        vectors = _panel(columns - column)
        b, c = right + 4 * column, out + 4 * column
        for row in range(0, rows, ROWS):
            a, to = left + 4 * row * left_stride, c + 4 * row * out_stride
            if vectors == WIDEST:
                _THREE(inner, a, left_stride, b, right_stride, to, out_stride, add)
            elif vectors == 2:
                _TWO(inner, a, left_stride, b, right_stride, to, out_stride, add)
            else:
                _ONE(inner, a, left_stride, b, right_stride, to, out_stride, add)
        column += vectors * LANES


@njit(nogil=True, inline="never")
def multiply_transposed(
    rows: int,
    columns: int,
    inner: int,
    left: int,
    left_stride: int,
    right: int,
    right_stride: int,
    out: int,
    out_stride: int,
    add: int,
) -> None:
    """Compute out (rows, columns) = left^T right for left (inner, rows), right (inner, columns), as `multiply`."""
    column = 0
    while column < columns:
        vectors = _panel(columns - column)
        b, c = right + 4 * column, out + 4 * column
        for row in range(0, rows, ROWS):
            a, to = left + 4 * row, c + 4 * row * out_stride
            if vectors == WIDEST:
                _THREE_T(inner, a, left_stride, b, right_stride, to, out_stride, add)
            elif vectors == 2:
                _TWO_T(inner, a, left_stride, b, right_stride, to, out_stride, add)
            else:
                _ONE_T(inner, a, left_stride, b, right_stride, to, out_stride, add)
        column += vectors * LANES


@njit(nogil=True, inline="never")
def multiply_by_itself(
    begin: int, end: int, inner: int, left: int, stride: int, out: int, out_stride: int, add: int
) -> None:
    """Compute rows ``begin`` to ``end`` of the lower triangle of out = left^T left for left (inner, columns).

    The upper triangle is symmetric: `mirror` copies it. ``begin`` and ``end`` are multiples of `LANES`, the size of the
    blocks that are computed; those on the diagonal are computed completely. An element's sum is that of
    `multiply_transposed`. If ``add`` is not 0, the product is added to ``out``.
    """
    column = 0
    while column < end:
        vectors = _panel(end - column)
        b, c = left + 4 * column, out + 4 * column
        for row in range(max(begin, column), end, ROWS):
            a, to = left + 4 * row, c + 4 * row * out_stride
            if vectors == WIDEST:
                _THREE_T(inner, a, stride, b, stride, to, out_stride, add)
            elif vectors == 2:
                _TWO_T(inner, a, stride, b, stride, to, out_stride, add)
            else:
                _ONE_T(inner, a, stride, b, stride, to, out_stride, add)
        column += vectors * LANES


@njit(nogil=True)
def mirror(begin: int, end: int, out: int, stride: int) -> None:
    """Copy rows ``begin`` to ``end`` of a matrix, left of the diagonal blocks, to the upper triangle, transposed."""
    for row in range(begin, end, LANES):
        transpose(LANES, row, out + 4 * row * stride, stride, out + 4 * row, stride)


@njit(nogil=True)
def _panel(columns: int) -> int:
    # Vectors of the next panel: 4 are divided into 2 and 2, which use the registers better than 3 and 1.
    left = -(-columns // LANES)
    return 2 if left == 4 else min(left, WIDEST)
