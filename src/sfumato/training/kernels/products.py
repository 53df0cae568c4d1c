"""Products of float32 matrices at addresses, computed by the calling thread, and their innermost loop.

The block has `ROWS` rows and up to `WIDEST` vectors of columns (Goto and van de Geijn 2008). Each iteration loads one
row of the right matrix and multiplies it by one number of each row of the left one. Neither matrix is packed: for
networks of this size packing would take longer than it saves.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from sfumato.training.kernels.vectors import (
    LANES,
    REGISTERS,
    VECTOR,
    WHOLE,
    broadcast,
    load,
    multiply_add,
    pointer,
    store,
    transpose,
    whole,
)

WIDEST = 3
"""Vectors in a row of the block."""

ROWS = 8 if REGISTERS == 32 else 4
"""Rows of the block: with `WIDEST` vectors each they fill the registers that the operands leave."""

_ROWS_PER_POINTER = 3
"""Rows of the left matrix per pointer: processors can address it, and one and two strides further."""


def micro_kernel(vectors: int, *, left_transposed: bool) -> Any:
    """Return the intrinsic for a block of so many vectors per row.

    Its arguments are (inner, left, left_stride, right, right_stride, out, out_stride, add). ``inner`` products are
    summed in every element. Addresses are in bytes, strides (from row to row) in float32. If ``add`` is not 0, the
    block is added to ``out``. With ``left_transposed`` the block's rows are columns of the left matrix.
    """
    pointers = 1 if left_transposed else -(-ROWS // _ROWS_PER_POINTER)

    def generate(typing_context, inner, left, left_stride, right, right_stride, out, out_stride, add):
        def code(context, builder, signature, arguments):
            inner, left, left_stride, right, right_stride, out, out_stride, add = arguments
            first = pointer(builder, left)
            starts = [
                builder.gep(first, [builder.mul(left_stride, whole(_ROWS_PER_POINTER * i))]) for i in range(pointers)
            ]

            def iteration(values: list[Any]) -> list[Any]:
                lefts, from_right, sums = values[:pointers], values[pointers], values[pointers + 1 :]
                row = [load(builder, builder.gep(from_right, [whole(LANES * v)])) for v in range(vectors)]
                for m in range(ROWS):
                    number = broadcast(builder, builder.load(_element(builder, lefts, m, left_stride, left_transposed)))
                    for v in range(vectors):
                        at = m * vectors + v
                        sums[at] = multiply_add(builder, number, row[v], sums[at])
                step = left_stride if left_transposed else whole(1)
                return [*(builder.gep(p, [step]) for p in lefts), builder.gep(from_right, [right_stride]), *sums]

            zero = ir.Constant(VECTOR, [0.0] * LANES)
            values = [*starts, pointer(builder, right), *([zero] * (ROWS * vectors))]
            sums = _loop(builder, inner, values, iteration)[pointers + 1 :]
            with builder.if_else(builder.icmp_signed("!=", add, whole(0))) as (then, otherwise):
                with then:
                    _write(builder, sums, vectors, out, out_stride, add=True)
                with otherwise:
                    _write(builder, sums, vectors, out, out_stride, add=False)
            return context.get_dummy_value()

        return types.void(*([types.int64] * 8)), code

    return intrinsic(generate)


def _element(builder: ir.IRBuilder, lefts: list[Any], row: int, stride: Any, transposed: bool) -> Any:
    if transposed:
        return builder.gep(lefts[0], [whole(row)])
    index, rest = divmod(row, _ROWS_PER_POINTER)
    return builder.gep(lefts[index], [builder.mul(stride, whole(rest))]) if rest else lefts[index]


def _loop(builder: ir.IRBuilder, count: Any, values: list[Any], iteration: Any) -> list[Any]:
    """Return ``values`` after ``count`` iterations of ``iteration``."""
    before = builder.block
    head, body, end = (builder.append_basic_block(name) for name in ("head", "body", "end"))
    builder.branch(head)
    builder.position_at_end(head)
    at = builder.phi(WHOLE)
    at.add_incoming(whole(0), before)
    now = [builder.phi(value.type) for value in values]
    for phi, value in zip(now, values, strict=True):
        phi.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", at, count), body, end)
    builder.position_at_end(body)
    after = iteration(list(now))
    at.add_incoming(builder.add(at, whole(1)), builder.block)
    for phi, value in zip(now, after, strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(head)
    builder.position_at_end(end)
    return list(now)


def _write(builder: ir.IRBuilder, sums: list[Any], vectors: int, out: Any, stride: Any, *, add: bool) -> None:
    first = pointer(builder, out)
    for m in range(ROWS):
        row = builder.gep(first, [builder.mul(stride, whole(m))])
        for v in range(vectors):
            position = builder.gep(row, [whole(LANES * v)])
            value = sums[m * vectors + v]
            store(builder, builder.fadd(value, load(builder, position)) if add else value, position)


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
