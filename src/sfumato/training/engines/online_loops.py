"""Products with a matrix that lies in the second-level cache, and its update, each in one pass over it.

A matrix lies in tiles of `ROWS` x `LANES`, one row of a tile after another, the tiles of the same rows side by side;
``groups`` is how many tiles are below one another, ``lines`` how many side by side. A pass then reads memory from one
end to the other, which is what caches serve fastest: a Zen 5 core gets 61 of the 64 bytes that fit into a cycle so, and
about 40 when it reads four rows of 1.2 kB at once. The rows of a tile share each load of the vector.

All arguments are integers: addresses in bytes, counts of vectors (``lines``), widths in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features

from sfumato.training.engines.vector_code import LANES, Code, intrinsic_of

FASTMATH = {"reassoc", "contract", "nsz"}
"""What LLVM may do to floating-point arithmetic outside of these loops: infinities and NaN keep their meaning, so that
a run which diverges shows it."""

ROWS = 4
"""Rows of a tile. Each has its sum, and the sums hide each other's latency."""

RANK = 4
"""The matrices are written in one of so many steps; see `sfumato.training.engines.online_step`. Four vectors of steps
for each row that a pass updates at once are what registers hold."""

_WIDE = get_host_cpu_features().get("avx512f", False)
_ROWS_AT_ONCE, _LANES_AT_ONCE = (ROWS, LANES) if _WIDE else (2, 8)
"""What a pass updates at once of a tile: what fits into 32 registers of 16 lanes, or into 16 of 8."""


def _pass(by_row: bool, write: bool) -> Any:
    # out += m v, or out += m^T v where the vector has one number ``by_row``. With ``write``, m -= a^T b in the same
    # pass, where the matrix a is (`RANK`, rows) and b (`RANK`, columns).
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
                tiles = code.at(m, group, lines, ROWS * LANES)
                factors = [code.spread(code.at(code.at(v, group, ROWS), r)) for r in rows] if by_row else []
                steps = [
                    [code.spread(code.at(code.at(code.at(a, k, a_width), group, ROWS), r)) for k in range(RANK)]
                    for r in (rows if write else ())
                ]
                sums = code.sums(0 if by_row else count)
                with code.loop(code.times(lines, LANES // code.lanes)) as line:
                    whole, part = code.divide(line, LANES // code.lanes)
                    tile = code.at(code.at(tiles, whole, ROWS * LANES), part, code.lanes)
                    places = [code.at(tile, r, LANES) for r in rows]
                    weights = [code.load(place) for place in places]
                    if by_row:
                        column = code.at(out, line, code.lanes)
                        code.store(_combined(code, code.load(column), factors, weights), column)
                    else:
                        x = code.load(code.at(v, line, code.lanes))
                        for r, weight in enumerate(weights):
                            sums.add_product(r, weight, x)
                    if write:
                        others = [code.load(code.at(code.at(b, k, b_width), line, code.lanes)) for k in range(RANK)]
                        for place, weight, step in zip(places, weights, steps, strict=True):
                            for factor, other in zip(step, others, strict=True):
                                weight = code.subtract_product(weight, factor, other)
                            code.store(weight, place)
                if not by_row:
                    place = code.at(code.at(out, group, ROWS), first)
                    code.store(code.add(code.load(place, count), code.lane_sums(sums.values())), place, count)

    return intrinsic_of(9, generate, _LANES_AT_ONCE if write else LANES)


def _combined(code: Code, start: ir.Value, factors: Sequence[ir.Value], vectors: Sequence[ir.Value]) -> ir.Value:
    # In two sums, lest each addition wait for the one before.
    even, odd = code.add_product(start, factors[0], vectors[0]), code.multiply(factors[1], vectors[1])
    for r in range(2, len(vectors), 2):
        even = code.add_product(even, factors[r], vectors[r])
        odd = code.add_product(odd, factors[r + 1], vectors[r + 1])
    return code.add(even, odd)


def _update(code: Code, m: ir.Value, groups: ir.Value, lines: ir.Value, a: ir.Value, b: ir.Value) -> None:
    with code.loop(groups) as group:
        factors = [code.spread(code.at(code.at(a, group, ROWS), r)) for r in range(ROWS)]
        with code.loop(lines) as line:
            tile, other = code.at(code.at(m, group, lines, ROWS * LANES), line, ROWS * LANES), code.at(b, line, LANES)
            y = code.load(other)
            for r, factor in enumerate(factors):
                place = code.at(tile, r, LANES)
                code.store(code.subtract_product(code.load(place), factor, y), place)


def _project(code: Code, out: ir.Value, a: ir.Value, lines: ir.Value, v: ir.Value) -> None:
    sums = code.sums(RANK)
    with code.loop(lines) as line:
        x = code.load(code.at(v, line, LANES))
        for k in range(RANK - 1):
            sums.add_product(k, code.load(code.at(code.at(a, k, lines, LANES), line, LANES)), x)
    code.store(code.lane_sums(sums.values()), out, RANK)


def _correct(code: Code, out: ir.Value, lines: ir.Value, start: ir.Value, a: ir.Value, factors: ir.Value) -> None:
    spread = [code.spread(code.at(factors, k)) for k in range(RANK - 1)]
    with code.loop(lines) as line:
        total = code.load(code.at(start, line, LANES))
        for k, factor in enumerate(spread):
            total = code.subtract_product(total, factor, code.load(code.at(code.at(a, k, lines, LANES), line, LANES)))
        code.store(total, code.at(out, line, LANES))


def _add(code: Code, out: ir.Value, lines: ir.Value, first: ir.Value, width: ir.Value, count: ir.Value) -> None:
    with code.loop(lines) as line:
        place, total = code.at(first, line, LANES), code.sums(1)
        with code.loop(count) as number:
            total.add(0, code.load(code.at(place, number, width)))
        code.store(total.values()[0], code.at(out, line, LANES))


def _scale(code: Code, out: ir.Value, lines: ir.Value, v: ir.Value, factor: ir.Value) -> None:
    spread = code.spread(factor)
    with code.loop(lines) as line:
        code.store(code.multiply(code.load(code.at(v, line, LANES)), spread), code.at(out, line, LANES))


def _multiply(code: Code, out: ir.Value, lines: ir.Value, v: ir.Value) -> None:
    with code.loop(lines) as line:
        place = code.at(out, line, LANES)
        code.store(code.multiply(code.load(place), code.load(code.at(v, line, LANES))), place)


def _subtract(code: Code, out: ir.Value, lines: ir.Value, v: ir.Value) -> None:
    with code.loop(lines) as line:
        place = code.at(out, line, LANES)
        code.store(code.subtract(code.load(place), code.load(code.at(v, line, LANES))), place)


def _clear(code: Code, out: ir.Value, lines: ir.Value) -> None:
    with code.loop(lines) as line:
        code.store(code.zero(), code.at(out, line, LANES))


dots = _pass(by_row=False, write=False)
"""(m, groups, lines, v, out, a, a_width, b, b_width): out += m v."""

combine = _pass(by_row=True, write=False)
"""(m, groups, lines, v, out, a, a_width, b, b_width): out += m^T v."""

dots_update = _pass(by_row=False, write=True)
"""(m, groups, lines, v, out, a, a_width, b, b_width): `dots`, then m -= a^T b.

a is (`RANK`, rows) and b (`RANK`, columns).
"""

combine_update = _pass(by_row=True, write=True)
"""(m, groups, lines, v, out, a, a_width, b, b_width): `combine`, then m -= a^T b likewise."""

update = intrinsic_of(5, _update)
"""(m, groups, lines, a, b): m -= a b^T for two vectors."""

project = intrinsic_of(4, _project)
"""(out, a, lines, v): out = a v for the first `RANK` - 1 rows of a, then 0."""

correct = intrinsic_of(5, _correct)
"""(out, lines, start, a, factors): out = start - a^T factors, with the first `RANK` - 1 rows of a."""

add = intrinsic_of(5, _add)
"""(out, lines, first, width, count): out = the sum of ``count`` vectors, ``width`` from each to the next."""

scale = intrinsic_of(4, _scale)
"""(out, lines, v, factor): out = v times the number at an address."""

multiply = intrinsic_of(3, _multiply)
"""(out, lines, v): out *= v."""

subtract = intrinsic_of(3, _subtract)
"""(out, lines, v): out -= v."""

clear = intrinsic_of(2, _clear)
"""(out, lines): out = 0."""
