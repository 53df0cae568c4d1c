"""Input coordinates of pixels, for both ranges and both alignments."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from sfumato.models import WHOLE, Region, axes, grid
from sfumato.recipe import Coordinates


@pytest.mark.parametrize("range_", ["unit", "signed"])
def test_aligned_corners_lie_on_the_ends_bit_for_bit_as_in_2012(range_: Literal["unit", "signed"]) -> None:
    rows, columns = axes(Coordinates(range=range_, align_corners=True), 7, 300)
    for values, count in ((rows, 7), (columns, 300)):
        expected = [i / (count - 1) if range_ == "unit" else 2 * (i / (count - 1)) - 1 for i in range(count)]
        assert values.tolist() == expected


def test_unaligned_corners_lie_half_a_step_inside() -> None:
    rows, columns = axes(Coordinates(range="unit", align_corners=False), 2, 4)
    assert rows.tolist() == [0.25, 0.75]
    assert columns.tolist() == [0.125, 0.375, 0.625, 0.875]


def test_coordinates_of_a_region() -> None:
    region = Region(top=-0.5, left=0.25, bottom=1.5, right=0.75)
    rows, columns = axes(Coordinates(range="signed", align_corners=True), 5, 3, region)
    assert rows.tolist() == [-2, -1, 0, 1, 2]
    assert columns.tolist() == [-0.5, 0, 0.5]
    rows, columns = axes(Coordinates(range="unit", align_corners=False), 2, 2, region)
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [0.375, 0.625]


def test_a_grid_goes_row_by_row() -> None:
    found = grid(Coordinates(range="unit", align_corners=True), 2, 3, Region(0, 0, 2, 1))
    assert found.tolist() == [[0, 0], [0, 0.5], [0, 1], [2, 0], [2, 0.5], [2, 1]]
    assert np.array_equal(grid(Coordinates(range="signed"), 3, 3), grid(Coordinates(range="signed"), 3, 3, WHOLE))


def test_one_sample_is_at_the_start() -> None:
    assert axes(Coordinates(range="unit", align_corners=True), 1, 1)[0].tolist() == [0]
