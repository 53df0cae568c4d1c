"""Blocks of rows."""

from __future__ import annotations

import itertools

import pytest

from sfumato.images.values import blocks


@pytest.mark.parametrize(
    ("rows", "each"), [(1, 1), (7, 300_000), (5, 1_000_000), (9, 50_000_000), (3_000_001, 1), (4, 0)]
)
def test_blocks_cover_every_row_once_and_are_small(rows: int, each: int) -> None:
    slices = list(blocks(rows, each))
    assert slices[0].start == 0
    assert slices[-1].stop == rows
    assert all(one.stop == following.start for one, following in itertools.pairwise(slices))
    sizes = [part.stop - part.start for part in slices]
    assert min(sizes) > 0
    assert all(size == 1 or size * each <= 1_000_000 for size in sizes)
