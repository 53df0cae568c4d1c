"""The innermost loop of a product of matrices: a block of the result that stays in registers.

The block has `ROWS` rows and up to `WIDEST` vectors of columns (Goto and van de Geijn 2008). Each turn loads one row of
the right matrix and multiplies it with one number of each row of the left one. Both are read where they lie: for the
sizes of these networks packing them would take longer than it saves.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
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
    whole,
)

WIDEST = 3
"""Vectors in a row of the block."""

ROWS = 8 if REGISTERS == 32 else 4
"""Rows of the block: with `WIDEST` vectors each they fill the registers, but for those of the operands."""

_RUN = 3
"""Rows of the left matrix that one pointer serves: itself, and one and two strides on, as processors can address."""


def micro_kernel(vectors: int, *, left_transposed: bool) -> Any:
    """The intrinsic for a block so wide: (inner, left, left_stride, right, right_stride, out, out_stride, add).

    ``inner`` products are summed in every place. Addresses are in bytes, strides (from row to row) in float32. ``add``
    not 0: to what is there. With ``left_transposed`` the block's rows are columns of the left matrix.
    """
    pointers = 1 if left_transposed else -(-ROWS // _RUN)

    def generate(typing_context, inner, left, left_stride, right, right_stride, out, out_stride, add):
        def code(context, builder, signature, arguments):
            inner, left, left_stride, right, right_stride, out, out_stride, add = arguments
            first = pointer(builder, left)
            starts = [builder.gep(first, [builder.mul(left_stride, whole(_RUN * i))]) for i in range(pointers)]

            def turn(values: list[Any]) -> list[Any]:
                lefts, from_right, sums = values[:pointers], values[pointers], values[pointers + 1 :]
                row = [load(builder, builder.gep(from_right, [whole(LANES * v)])) for v in range(vectors)]
                for m in range(ROWS):
                    number = broadcast(builder, builder.load(_place(builder, lefts, m, left_stride, left_transposed)))
                    for v in range(vectors):
                        at = m * vectors + v
                        sums[at] = multiply_add(builder, number, row[v], sums[at])
                step = left_stride if left_transposed else whole(1)
                return [*(builder.gep(p, [step]) for p in lefts), builder.gep(from_right, [right_stride]), *sums]

            zero = ir.Constant(VECTOR, [0.0] * LANES)
            values = [*starts, pointer(builder, right), *([zero] * (ROWS * vectors))]
            sums = _loop(builder, inner, values, turn)[pointers + 1 :]
            with builder.if_else(builder.icmp_signed("!=", add, whole(0))) as (then, otherwise):
                with then:
                    _write(builder, sums, vectors, out, out_stride, add=True)
                with otherwise:
                    _write(builder, sums, vectors, out, out_stride, add=False)
            return context.get_dummy_value()

        return types.void(*([types.int64] * 8)), code

    return intrinsic(generate)


def _place(builder: ir.IRBuilder, lefts: list[Any], row: int, stride: Any, transposed: bool) -> Any:
    if transposed:
        return builder.gep(lefts[0], [whole(row)])
    run, rest = divmod(row, _RUN)
    return builder.gep(lefts[run], [builder.mul(stride, whole(rest))]) if rest else lefts[run]


def _loop(builder: ir.IRBuilder, count: Any, values: list[Any], turn: Any) -> list[Any]:
    """``values`` after ``turn`` was done so often."""
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
    after = turn(list(now))
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
            place = builder.gep(row, [whole(LANES * v)])
            value = sums[m * vectors + v]
            store(builder, builder.fadd(value, load(builder, place)) if add else value, place)
