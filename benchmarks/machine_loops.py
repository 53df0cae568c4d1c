"""Compiled loops that do one thing at a core's peak rate: multiply and add, read, read and write."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from sfumato.training.kernels.vectors import LANES, VECTOR, broadcast, load, multiply_add, pointer, store, whole

CHAINS = 16
"""Independent sums: more than a processor has multiply-adds in flight (4 cycles, 2 per cycle)."""


def _generate_chains(typing_context, count, start):
    """Multiply and add ``count`` times to each of ``CHAINS`` sums; return the first lane of their sum."""

    def code(context, builder, signature, arguments):
        count, start = arguments
        vector = broadcast(builder, start)

        def turn(at: Any, sums: list[Any]) -> list[Any]:
            return [multiply_add(builder, one, vector, vector) for one in sums]

        sums = _loop(builder, count, [vector] * CHAINS, turn)
        return builder.extract_element(_added(builder, sums), ir.Constant(ir.IntType(32), 0))

    return types.float32(types.int64, types.float32), code


def _generate_read(typing_context, address, runs):
    """Add up ``runs`` runs of ``CHAINS`` vectors from ``address`` on; return the first lane of the sum."""

    def code(context, builder, signature, arguments):
        address, runs = arguments
        first = pointer(builder, address)

        def turn(at: Any, sums: list[Any]) -> list[Any]:
            pointer = builder.gep(first, [builder.mul(at, whole(CHAINS * LANES))])
            return [
                builder.fadd(one, load(builder, builder.gep(pointer, [whole(i * LANES)]))) for i, one in enumerate(sums)
            ]

        sums = _loop(builder, runs, [ir.Constant(VECTOR, [0.0] * LANES)] * CHAINS, turn)
        return builder.extract_element(_added(builder, sums), ir.Constant(ir.IntType(32), 0))

    return types.float32(types.int64, types.int64), code


def _generate_update(typing_context, address, runs, factor):
    """Multiply ``runs`` runs of ``CHAINS`` vectors from ``address`` on by ``factor``, in place."""

    def code(context, builder, signature, arguments):
        address, runs, factor = arguments
        first, vector = pointer(builder, address), broadcast(builder, factor)

        def turn(at: Any, sums: list[Any]) -> list[Any]:
            pointer = builder.gep(first, [builder.mul(at, whole(CHAINS * LANES))])
            for i in range(CHAINS):
                one = builder.gep(pointer, [whole(i * LANES)])
                store(builder, builder.fmul(load(builder, one), vector), one)
            return sums

        _loop(builder, runs, [], turn)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32), code


def _loop(builder: ir.IRBuilder, count: Any, values: list[Any], turn: Any) -> list[Any]:
    before = builder.block
    head, body, end = (builder.append_basic_block(name) for name in ("head", "body", "end"))
    builder.branch(head)
    builder.position_at_end(head)
    at = builder.phi(count.type)
    at.add_incoming(whole(0), before)
    now = [builder.phi(VECTOR) for _ in values]
    for phi, value in zip(now, values, strict=True):
        phi.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", at, count), body, end)
    builder.position_at_end(body)
    after = turn(at, list(now))
    at.add_incoming(builder.add(at, whole(1)), builder.block)
    for phi, value in zip(now, after, strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(head)
    builder.position_at_end(end)
    return list(now)


def _added(builder: ir.IRBuilder, sums: list[Any]) -> Any:
    total = sums[0]
    for one in sums[1:]:
        total = builder.fadd(total, one)
    return total


_chains: Any = intrinsic(_generate_chains)
_read: Any = intrinsic(_generate_read)
_update: Any = intrinsic(_generate_update)


@njit(nogil=True)
def multiply_adds(count: int, start: float) -> float:
    """Do ``count`` times `CHAINS` vector multiply-adds, all in registers."""
    return _chains(count, start)


@njit(nogil=True)
def read(address: int, runs: int, times: int) -> float:
    """Read a block of ``runs * CHAINS * LANES`` float32 ``times`` times."""
    total = 0.0
    for _ in range(times):
        total += _read(address, runs)
    return total


@njit(nogil=True)
def update(address: int, runs: int, times: int, factor: float) -> None:
    """Multiply a block of ``runs * CHAINS * LANES`` float32 ``times`` times, in place.

    A factor of 1 leaves the values as they are; as a constant it would be optimized away.
    """
    for _ in range(times):
        _update(address, runs, factor)
