"""Blocks of rows of large arrays, so that temporary arrays stay small."""

from __future__ import annotations

from collections.abc import Iterator

_NUMBERS = 1_000_000


def blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    """Yield slices that cover ``rows`` rows in order, each of at most about a million numbers and at least one row."""
    step = max(1, _NUMBERS // max(1, numbers_per_row))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
