"""Work on a big array a few rows at a time, so that what is computed on the way stays small."""

from __future__ import annotations

from collections.abc import Iterator

_NUMBERS = 1_000_000


def blocks(rows: int, numbers_per_row: int) -> Iterator[slice]:
    """Slices that cover ``rows`` rows in order, each of about a million numbers, and of one row at least."""
    step = max(1, _NUMBERS // max(1, numbers_per_row))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
