"""Vector registers in LLVM's terms: how wide they are here, and how to load, store and combine them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features

_FEATURES = get_host_cpu_features()

LANES: int = 16 if _FEATURES.get("avx512f") else 8 if _FEATURES.get("avx2") else 4
"""float32 in a vector register of this processor."""

REGISTERS = 16 if LANES == 8 else 32
"""Vector registers; those without AVX that have fewer are no target for speed."""

FLOAT = ir.FloatType()
WHOLE = ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)


def up(count: int, multiple: int = LANES) -> int:
    """``count`` rounded up to a multiple."""
    return -(-count // multiple) * multiple


def whole(value: int) -> ir.Constant:
    """A constant index."""
    return ir.Constant(WHOLE, value)


def pointer(builder: ir.IRBuilder, address: Any) -> Any:
    """A pointer to float32 from an address."""
    return builder.inttoptr(address, FLOAT.as_pointer())


def load(builder: ir.IRBuilder, place: Any) -> Any:
    """The vector at a pointer to float32, which need not be aligned to vectors."""
    return builder.load(builder.bitcast(place, VECTOR.as_pointer()), align=4)


def store(builder: ir.IRBuilder, value: Any, place: Any) -> None:
    """Write a vector at a pointer to float32."""
    builder.store(value, builder.bitcast(place, VECTOR.as_pointer()), align=4)


def broadcast(builder: ir.IRBuilder, number: Any) -> Any:
    """A vector of one number."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, mask([0] * LANES))


def mask(places: list[int]) -> ir.Constant:
    """The constant that tells `shuffle_vector` which lanes of two vectors, laid end to end, to take."""
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)


def multiply_add(builder: ir.IRBuilder, x: Any, y: Any, z: Any) -> Any:
    """x y + z, rounded once."""
    module, name = builder.module, f"llvm.fma.v{LANES}f32"
    fma = module.globals.get(name) or ir.Function(module, ir.FunctionType(VECTOR, [VECTOR] * 3), name)
    return builder.call(fma, [x, y, z])
