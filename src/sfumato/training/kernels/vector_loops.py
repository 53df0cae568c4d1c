"""Products with a matrix in the second-level cache, and its update, each in one pass over it.

A matrix is stored in tiles of `ROWS` x `WIDTH`, one row of a tile after another, the tiles of the same rows side by
side; ``groups`` is the number of tiles below one another, ``lines`` the number side by side. A pass then reads memory
sequentially, which caches serve fastest: a Zen 5 core gets 61 of at most 64 bytes per cycle this way, and about 40 when
it reads four rows of 1.2 kB at once. The rows of a tile share each load of the vector.

All arguments are integers: addresses in bytes, counts of vectors (``lines``), widths in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features

from sfumato.training.kernels.vector_code import WIDTH, Code, intrinsic_of

FASTMATH = {"reassoc", "contract", "nsz"}
"""LLVM's fast-math flags outside of these loops: infinities and NaN keep their meaning, so that divergence is
visible."""

ROWS = 4
"""Rows of a tile. Each has an accumulator of its own, and the accumulators hide each other's latency."""

RANK = 4
"""Steps after which the matrices are written (`sfumato.training.engines.online.step`). Registers hold four vectors of
steps for each row that a pass updates at once."""

_WIDE = get_host_cpu_features().get("avx512f", False)
_ROWS_AT_ONCE, _LANES_AT_ONCE = (ROWS, WIDTH) if _WIDE else (2, 8)
"""The block of a tile that a pass updates at once: it fits into 32 registers of 16 lanes, or into 16 of 8."""


def _pass(by_row: bool, write: bool) -> Any:
    # out += m v, or with ``by_row``, where the vector has one number per row, out += m^T v. With ``write``, m -= a^T b
    # in the same pass, where the matrix a is (`RANK`, rows) and b (`RANK`, columns).
    def generate(
        code: Code,
        m: ir.Value,
        groups: ir.Value,
        lines: ir.Value,
        v: ir.Value,
        out: ir.Value,
        a: ir.Value,
        a_width: ir.Value,
        b: ir.Value,
        b_width: ir.Value,
    ) -> None:
        count = _ROWS_AT_ONCE if write else ROWS
        with code.loop(groups) as group:
            for first in range(0, ROWS, count):
                rows = range(first, first + count)
                tiles = code.offset(m, group, lines, ROWS * WIDTH)
                factors = [code.broadcast(code.offset(code.offset(v, group, ROWS), r)) for r in rows] if by_row else []
                steps = [
                    [
                        code.broadcast(code.offset(code.offset(code.offset(a, k, a_width), group, ROWS), r))
                        for k in range(RANK)
                    ]
                    for r in (rows if write else ())
                ]
                sums = code.accumulators(0 if by_row else count)
                with code.loop(code.multiply_integer(lines, WIDTH // code.lanes)) as line:
                    vector_index, first_lane = code.divide(line, WIDTH // code.lanes)
                    tile = code.offset(code.offset(tiles, vector_index, ROWS * WIDTH), first_lane, code.lanes)
                    positions = [code.offset(tile, r, WIDTH) for r in rows]
                    weights = [code.load(position) for position in positions]
                    if by_row:
                        column = code.offset(out, line, code.lanes)
                        code.store(_add_combination(code, code.load(column), factors, weights), column)
                    else:
                        x = code.load(code.offset(v, line, code.lanes))
                        for r, weight in enumerate(weights):
                            sums.add_product(r, weight, x)
                    if write:
                        others = [
                            code.load(code.offset(code.offset(b, k, b_width), line, code.lanes)) for k in range(RANK)
                        ]
                        for position, weight, step in zip(positions, weights, steps, strict=True):
                            for factor, other in zip(step, others, strict=True):
                                weight = code.subtract_product(weight, factor, other)
                            code.store(weight, position)
                if not by_row:
                    position = code.offset(code.offset(out, group, ROWS), first)
                    code.store(code.add(code.load(position, count), code.lane_sums(sums.values())), position, count)

    return intrinsic_of(9, generate, _LANES_AT_ONCE if write else WIDTH)


def _add_combination(code: Code, start: ir.Value, factors: Sequence[ir.Value], vectors: Sequence[ir.Value]) -> ir.Value:
    # In two sums, so that additions need not wait for each other.
    even, odd = code.add_product(start, factors[0], vectors[0]), code.multiply(factors[1], vectors[1])
    for r in range(2, len(vectors), 2):
        even = code.add_product(even, factors[r], vectors[r])
        odd = code.add_product(odd, factors[r + 1], vectors[r + 1])
    return code.add(even, odd)


def _update(code: Code, m: ir.Value, groups: ir.Value, lines: ir.Value, a: ir.Value, b: ir.Value) -> None:
    with code.loop(groups) as group:
        factors = [code.broadcast(code.offset(code.offset(a, group, ROWS), r)) for r in range(ROWS)]
        with code.loop(lines) as line:
            tile, other = (
                code.offset(code.offset(m, group, lines, ROWS * WIDTH), line, ROWS * WIDTH),
                code.offset(b, line, WIDTH),
            )
            y = code.load(other)
            for r, factor in enumerate(factors):
                position = code.offset(tile, r, WIDTH)
                code.store(code.subtract_product(code.load(position), factor, y), position)


def _project(code: Code, out: ir.Value, a: ir.Value, lines: ir.Value, v: ir.Value) -> None:
    sums = code.accumulators(RANK)
    with code.loop(lines) as line:
        x = code.load(code.offset(v, line, WIDTH))
        for k in range(RANK - 1):
            sums.add_product(k, code.load(code.offset(code.offset(a, k, lines, WIDTH), line, WIDTH)), x)
    code.store(code.lane_sums(sums.values()), out, RANK)


def _correct(code: Code, out: ir.Value, lines: ir.Value, start: ir.Value, a: ir.Value, factors: ir.Value) -> None:
    factor_vectors = [code.broadcast(code.offset(factors, k)) for k in range(RANK - 1)]
    with code.loop(lines) as line:
        total = code.load(code.offset(start, line, WIDTH))
        for k, factor in enumerate(factor_vectors):
            total = code.subtract_product(
                total, factor, code.load(code.offset(code.offset(a, k, lines, WIDTH), line, WIDTH))
            )
        code.store(total, code.offset(out, line, WIDTH))


def _add(code: Code, out: ir.Value, lines: ir.Value, first: ir.Value, width: ir.Value, count: ir.Value) -> None:
    with code.loop(lines) as line:
        position, total = code.offset(first, line, WIDTH), code.accumulators(1)
        with code.loop(count) as number:
            total.add(0, code.load(code.offset(position, number, width)))
        code.store(total.values()[0], code.offset(out, line, WIDTH))


def _scale(code: Code, out: ir.Value, lines: ir.Value, v: ir.Value, factor: ir.Value) -> None:
    factor_vector = code.broadcast(factor)
    with code.loop(lines) as line:
        code.store(
            code.multiply(code.load(code.offset(v, line, WIDTH)), factor_vector),
            code.offset(out, line, WIDTH),
        )


def _multiply(code: Code, out: ir.Value, lines: ir.Value, v: ir.Value) -> None:
    with code.loop(lines) as line:
        position = code.offset(out, line, WIDTH)
        code.store(code.multiply(code.load(position), code.load(code.offset(v, line, WIDTH))), position)


def _subtract(code: Code, out: ir.Value, lines: ir.Value, v: ir.Value) -> None:
    with code.loop(lines) as line:
        position = code.offset(out, line, WIDTH)
        code.store(code.subtract(code.load(position), code.load(code.offset(v, line, WIDTH))), position)


def _clear(code: Code, out: ir.Value, lines: ir.Value) -> None:
    with code.loop(lines) as line:
        code.store(code.zero(), code.offset(out, line, WIDTH))


dots = _pass(by_row=False, write=False)
"""Compute out += m v: (m, groups, lines, v, out, a, a_width, b, b_width)."""

combine = _pass(by_row=True, write=False)
"""Compute out += m^T v: (m, groups, lines, v, out, a, a_width, b, b_width)."""

dots_update = _pass(by_row=False, write=True)
"""Compute `dots`, then m -= a^T b: (m, groups, lines, v, out, a, a_width, b, b_width).

a is (`RANK`, rows) and b (`RANK`, columns).
"""

combine_update = _pass(by_row=True, write=True)
"""Compute `combine`, then m -= a^T b, as `dots_update`: (m, groups, lines, v, out, a, a_width, b, b_width)."""

update = intrinsic_of(5, _update)
"""Compute m -= a b^T for two vectors: (m, groups, lines, a, b)."""

project = intrinsic_of(4, _project)
"""Compute out = a v for the first `RANK` - 1 rows of a, followed by 0: (out, a, lines, v)."""

correct = intrinsic_of(5, _correct)
"""Compute out = start - a^T factors with the first `RANK` - 1 rows of a: (out, lines, start, a, factors)."""

add = intrinsic_of(5, _add)
"""Add ``count`` vectors, ``width`` from each to the next: (out, lines, first, width, count)."""

scale = intrinsic_of(4, _scale)
"""Compute out = v times the number at the address ``factor``: (out, lines, v, factor)."""

multiply = intrinsic_of(3, _multiply)
"""Compute out *= v: (out, lines, v)."""

subtract = intrinsic_of(3, _subtract)
"""Compute out -= v: (out, lines, v)."""

clear = intrinsic_of(2, _clear)
"""Fill with zeros: (out, lines)."""
