"""Loops of vector instructions, written for LLVM and called from compiled code.

A scalar loop that LLVM vectorizes checks at run time whether arrays overlap, and has a remainder loop for lengths that
are not multiples of a register. Here everything comes in whole vectors of `WIDTH` float32, aligned and padded with
zeros, and LLVM divides them into registers of the processor's width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import Parameter, Signature
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 16
"""float32 in a vector here: a cache line of 64 bytes, whatever the width of the processor's registers."""

BYTES = 4
"""Bytes of a float32."""

_SCALAR, _INTEGER = ir.FloatType(), ir.IntType(64)


class Code:
    """A builder of a loop's instructions, one after another. All integers are int64; addresses are in bytes."""

    def __init__(self, builder: Any, lanes: int) -> None:
        """Initialize for `intrinsic_of`, which makes these objects."""
        self._builder = builder
        self.lanes = lanes
        self._vector = ir.VectorType(_SCALAR, lanes)

    def offset(self, address: ir.Value, *factors: ir.Value | int) -> ir.Value:
        """Return the address that is the product of ``factors`` float32 further on."""
        product = _number(BYTES)
        for factor in factors:
            product = self._builder.mul(product, _number(factor) if isinstance(factor, int) else factor)
        return self._builder.add(address, product)

    def load(self, address: ir.Value, count: int = 0) -> ir.Value:
        """Load the vector of ``count`` float32 (0: all lanes) at an address that is a multiple of its size."""
        count = count or self.lanes
        return self._builder.load(self._pointer(address, ir.VectorType(_SCALAR, count)), align=count * BYTES)

    def store(self, value: ir.Value, address: ir.Value, count: int = 0) -> None:
        """Store such a vector."""
        count = count or self.lanes
        self._builder.store(value, self._pointer(address, ir.VectorType(_SCALAR, count)), align=count * BYTES)

    def broadcast(self, address: ir.Value) -> ir.Value:
        """Load the float32 at an address into every lane."""
        scalar = self._builder.load(self._pointer(address, _SCALAR))
        vector = self._builder.insert_element(ir.Constant(self._vector, ir.Undefined), scalar, _number(0))
        return self._shuffle(vector, vector, [0] * self.lanes)

    def zero(self) -> ir.Value:
        """Return a vector of zeros."""
        return ir.Constant(self._vector, [0.0] * self.lanes)

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a + b."""
        return self._builder.fadd(a, b)

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a - b."""
        return self._builder.fsub(a, b)

    def multiply(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a b."""
        return self._builder.fmul(a, b)

    def add_product(self, c: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return c + a b, in one instruction where the processor has it."""
        return self._builder.fadd(c, self._builder.fmul(a, b, flags=["contract"]), flags=["contract"])

    def subtract_product(self, c: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return c - a b, in one instruction where the processor has it."""
        return self._builder.fsub(c, self._builder.fmul(a, b, flags=["contract"]), flags=["contract"])

    def accumulators(self, count: int) -> Accumulators:
        """Return ``count`` accumulators, zero before the loop that adds to them."""
        return Accumulators(self, self._builder, count)

    def divide(self, a: ir.Value, b: int) -> tuple[ir.Value, ir.Value]:
        """Return quotient and remainder of a / b."""
        return self._builder.udiv(a, _number(b)), self._builder.urem(a, _number(b))

    def multiply_integer(self, a: ir.Value, b: int) -> ir.Value:
        """Return a b."""
        return self._builder.mul(a, _number(b))

    @contextmanager
    def loop(self, count: ir.Value, first: int = 0) -> Iterator[ir.Value]:
        """Loop over the integers from ``first`` to ``count`` - 1."""
        with cgutils.for_range_slice(self._builder, _number(first), count, _number(1), _INTEGER) as (number, _):
            yield number

    def lane_sums(self, vectors: Sequence[ir.Value]) -> ir.Value:
        """Return one vector of each vector's sum over its lanes; the vectors are a power of 2, at most one per lane."""
        width, count = self.lanes, len(vectors)
        while len(vectors) > 1:
            # The halves of two vectors are added into one vector, which then holds partial sums of both.
            half = width // 2
            left = [
                vector + first + lane
                for vector in (0, self.lanes)
                for first in range(0, self.lanes, width)
                for lane in range(half)
            ]
            right = [lane + half for lane in left]
            vectors = [
                self.add(self._shuffle(a, b, left), self._shuffle(a, b, right))
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
            width = half
        (sums,) = vectors
        while width > 1:
            width //= 2
            sums = self.add(
                sums, self._shuffle(sums, sums, [(lane + width) % self.lanes for lane in range(self.lanes)])
            )
        return self._shuffle(sums, sums, range(0, self.lanes, self.lanes // count))

    def _shuffle(self, a: ir.Value, b: ir.Value, lanes: Sequence[int]) -> ir.Value:
        kind = ir.VectorType(ir.IntType(32), len(lanes))
        return self._builder.shuffle_vector(a, b, ir.Constant(kind, list(lanes)))

    def _pointer(self, address: ir.Value, kind: ir.Type) -> ir.Value:
        return self._builder.inttoptr(address, kind.as_pointer())


class Accumulators:
    """Vectors that a loop adds to, which LLVM keeps in registers."""

    def __init__(self, code: Code, builder: Any, count: int) -> None:
        """Initialize for `Code.accumulators`, which makes these objects."""
        self._code, self._builder = code, builder
        self._pointers = [cgutils.alloca_once(builder, ir.VectorType(_SCALAR, code.lanes)) for _ in range(count)]
        for pointer in self._pointers:
            builder.store(code.zero(), pointer)

    def add(self, index: int, vector: ir.Value) -> None:
        """Add a vector to the accumulator ``index``."""
        pointer = self._pointers[index]
        self._builder.store(self._code.add(self._builder.load(pointer), vector), pointer)

    def add_product(self, index: int, a: ir.Value, b: ir.Value) -> None:
        """Add a b to the accumulator ``index``."""
        pointer = self._pointers[index]
        self._builder.store(self._code.add_product(self._builder.load(pointer), a, b), pointer)

    def values(self) -> list[ir.Value]:
        """Return the current values."""
        return [self._builder.load(pointer) for pointer in self._pointers]


def intrinsic_of(arguments: int, write: Callable[..., None], lanes: int = WIDTH) -> Any:
    """Return an intrinsic for compiled code that takes so many integers; ``write`` gets a `Code` and their values."""

    def typed(typing_context, *given):
        def generate(context, builder, signature, values):
            write(Code(builder, lanes), *values)
            return context.get_dummy_value()

        return types.void(*[types.int64] * arguments), generate

    # Numba inspects the names of the arguments.
    names = ["typing_context", *(f"argument_{i}" for i in range(arguments))]
    signature = Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names])
    cast(Any, typed).__signature__ = signature
    return intrinsic(typed)


def _number(value: int) -> ir.Value:
    return ir.Constant(_INTEGER, value)
