"""Input coordinates of pixels, for both ranges and both alignments."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from sfumato.errors import RecipeError
from sfumato.models import WHOLE, Region, axes, grid, ranges
from sfumato.recipe import Coordinates, Recipe


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


@pytest.mark.parametrize("range_", ["unit", "signed"])
def test_without_endpoint_they_are_those_of_linspace(range_: Literal["unit", "signed"]) -> None:
    rows, columns = axes(Coordinates(range=range_, endpoint=False), 7, 300)
    low = 0 if range_ == "unit" else -1
    for values, count in ((rows, 7), (columns, 300)):
        np.testing.assert_allclose(values, np.linspace(low, 1, count, endpoint=False), atol=1e-15)
    # The Fourier-features notebook leaves out the last of n + 1 points.
    unit, _ = axes(Coordinates(range="unit", endpoint=False), 7, 300)
    np.testing.assert_allclose(unit, np.linspace(0, 1, 8)[:-1], atol=1e-15)


def test_no_endpoint_needs_aligned_corners() -> None:
    with pytest.raises(RecipeError, match="coordinates must have align_corners true where endpoint is false"):
        Recipe.of({"coordinates": {"align_corners": False, "endpoint": False}})


@pytest.mark.parametrize(("height", "width"), [(512, 768), (768, 512), (5, 9), (1, 4)])
def test_the_aspect_of_a_picture_gives_coordinates_as_in_coin(height: int, width: int) -> None:
    coordinates = Coordinates(aspect="picture").resolved(height, width)
    rows, columns = axes(coordinates, height, width)
    # COIN divides the indices of both axes by height - 1.
    scale = max(height - 1, 1)
    np.testing.assert_allclose(rows, 2 * (np.arange(height) / scale - 0.5), rtol=0, atol=1e-15)
    np.testing.assert_allclose(columns, 2 * (np.arange(width) / scale - 0.5), rtol=0, atol=1e-14)


@pytest.mark.parametrize("placed", [{}, {"align_corners": False}, {"endpoint": False}], ids=str)
@pytest.mark.parametrize("range_", ["unit", "signed"])
def test_with_the_aspect_of_a_picture_steps_are_equal(range_: str, placed: dict[str, bool]) -> None:
    square = Coordinates.of({"range": range_, **placed})
    coordinates = Coordinates.of({"range": range_, "aspect": "picture", **placed}).resolved(6, 11)
    rows, columns = axes(coordinates, 6, 11)
    assert np.array_equal(rows, axes(square, 6, 11)[0])
    np.testing.assert_allclose(np.diff(columns), rows[1] - rows[0], rtol=1e-12)
    assert columns[0] == pytest.approx(rows[0])
    # Another size covers the same area.
    for size in ((12, 22), (3, 7), (40, 40)):
        finer, wide = axes(coordinates, *size)
        for inputs, whole, ends in ((finer, rows, ranges(coordinates)[0]), (wide, columns, ranges(coordinates)[1])):
            first, last = (inputs[0], inputs[-1]) if not placed else ends
            assert (first, last) == pytest.approx((whole[0], whole[-1]) if not placed else ends)
            assert ends[0] <= inputs[0] <= inputs[-1] <= ends[1] + 1e-12
            assert np.ptp(inputs) > 0.6 * (ends[1] - ends[0])


def test_an_aspect_is_resolved_before_it_is_used() -> None:
    with pytest.raises(ValueError, match="aspect must be a number"):
        axes(Coordinates(aspect="picture"), 3, 4)
    assert Coordinates(aspect=2.5).resolved(7, 9).aspect == 2.5
    assert ranges(Coordinates(aspect=2.5)) == ((-1, 1), (-1, 4))


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
