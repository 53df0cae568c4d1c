"""Vector registers of this processor, LLVM instructions on them, and transposition of matrices."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import njit, types
from numba.extending import intrinsic

_FEATURES = get_host_cpu_features()

LANES: int = 16 if _FEATURES.get("avx512f") else 8 if _FEATURES.get("avx2") else 4
"""Number of float32 in a vector register of this processor."""

REGISTERS = 16 if LANES == 8 else 32
"""Number of vector registers; the few processors that have fewer, without AVX, are not optimized for."""

FLOAT = ir.FloatType()
WHOLE = ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)


def round_up(count: int, multiple: int = LANES) -> int:
    """Return ``count`` rounded up to a multiple of ``multiple``."""
    return -(-count // multiple) * multiple


def whole(value: int) -> ir.Constant:
    """Return a constant int64."""
    return ir.Constant(WHOLE, value)


def pointer(builder: ir.IRBuilder, address: Any) -> Any:
    """Return the pointer to float32 for an address."""
    return builder.inttoptr(address, FLOAT.as_pointer())


def load(builder: ir.IRBuilder, position: Any) -> Any:
    """Load the vector at a pointer to float32, which need not be aligned to vectors."""
    return builder.load(builder.bitcast(position, VECTOR.as_pointer()), align=4)


def store(builder: ir.IRBuilder, value: Any, position: Any) -> None:
    """Store a vector at a pointer to float32, which need not be aligned to vectors."""
    builder.store(value, builder.bitcast(position, VECTOR.as_pointer()), align=4)


def broadcast(builder: ir.IRBuilder, number: Any) -> Any:
    """Return a vector with one number in every lane."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, mask([0] * LANES))


def mask(lanes: list[int]) -> ir.Constant:
    """Return the mask of `shuffle_vector` that selects these lanes of two concatenated vectors."""
    return ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)


def multiply_add(builder: ir.IRBuilder, x: Any, y: Any, z: Any) -> Any:
    """Return x y + z, rounded once."""
    module, name = builder.module, f"llvm.fma.v{LANES}f32"
    fma = module.globals.get(name) or ir.Function(module, ir.FunctionType(VECTOR, [VECTOR] * 3), name)
    return builder.call(fma, [x, y, z])


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
