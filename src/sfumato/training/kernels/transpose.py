"""Transposition of float32 matrices at addresses, a square block of registers at a time."""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from sfumato.training.kernels.vectors import LANES, load, mask, pointer, store, whole


def _generate_block(typing_context, source, source_stride, target, target_stride):
    def code(context, builder, signature, arguments):
        source, source_stride, target, target_stride = arguments
        first = pointer(builder, source)
        rows: list[Any] = [
            load(builder, builder.gep(first, [builder.mul(source_stride, whole(i))])) for i in range(LANES)
        ]
        # Swap quarters of blocks of 2, 4, ... rows: after log2(LANES) rounds the block is transposed.
        half = 1
        while half < LANES:
            low, high = _swaps(half)
            for i in range(LANES):
                if not i & half:
                    a, b = rows[i], rows[i + half]
                    rows[i] = builder.shuffle_vector(a, b, mask(low))
                    rows[i + half] = builder.shuffle_vector(a, b, mask(high))
            half *= 2
        last = pointer(builder, target)
        for i, row in enumerate(rows):
            store(builder, row, builder.gep(last, [builder.mul(target_stride, whole(i))]))
        return context.get_dummy_value()

    return types.void(*([types.int64] * 4)), code


def _swaps(half: int) -> tuple[list[int], list[int]]:
    low = [lane if not lane & half else LANES + lane - half for lane in range(LANES)]
    high = [lane + half if not lane & half else LANES + lane for lane in range(LANES)]
    return low, high


_block: Any = intrinsic(_generate_block)


@njit(nogil=True)
def transpose(rows: int, columns: int, source: int, source_stride: int, target: int, target_stride: int) -> None:
    """Write source (rows, columns) transposed to target (columns, rows), both rounded up to multiples of `LANES`.

    Addresses are in bytes, strides in float32.
    """
    for row in range(0, rows, LANES):
        for column in range(0, columns, LANES):
            _block(
                source + 4 * (row * source_stride + column),
                source_stride,
                target + 4 * (column * target_stride + row),
                target_stride,
            )
