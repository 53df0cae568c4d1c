from __future__ import annotations

import numpy as np
import pytest

from sfumato.render import neuron_sheet
from sfumato.render.neuron_sheet import GAP, Scale, SheetLayout, colors, draw, sheet_layout
from sfumato.render.neurons import LayerOutputs
from sfumato.render.theme import BACKGROUND

CELL = (20, 30)
RAMP = np.tile(np.linspace(-1, 1, 30, dtype=np.float32), (20, 1))


def layer(*outputs: np.ndarray, importance: list[float] | None = None, dead: tuple[int, ...] = ()) -> LayerOutputs:
    units = np.arange(len(outputs))
    return LayerOutputs(
        np.stack(outputs).astype(np.float32), np.array(importance or [1.0] * len(outputs)), np.isin(units, dead)
    )


def cell(sheet: np.ndarray, layout: SheetLayout, index: int) -> np.ndarray:
    top = GAP + index // layout.columns * (layout.cell[0] + GAP)
    left = GAP + index % layout.columns * (layout.cell[1] + GAP)
    return sheet[top : top + layout.cell[0], left : left + layout.cell[1]]


def test_units_are_sorted_by_importance_and_separated_by_gaps() -> None:
    units = layer(RAMP, -RAMP, RAMP.clip(-1, 0), importance=[1, 3, 2])
    layout = SheetLayout(2, 2, CELL)
    sheet = draw(units, Scale.of(units), layout)
    assert sheet.shape == (2 * 22 + 2, 2 * 32 + 2, 3)
    for index, expected in enumerate((-RAMP, RAMP.clip(-1, 0), RAMP)):
        assert np.array_equal(cell(sheet, layout, index), colors(expected))
    remainder = sheet.copy()
    for index in range(3):
        cell(remainder, layout, index)[:] = BACKGROUND
    assert (remainder == BACKGROUND).all()


def test_each_unit_has_its_own_scale_around_zero() -> None:
    units = layer(RAMP, 0.001 * RAMP, 100 + 0 * RAMP + RAMP)
    sheet = draw(units, Scale.of(units), SheetLayout(3, 1, CELL))
    assert np.array_equal(cell(sheet, SheetLayout(3, 1, CELL), 0), cell(sheet, SheetLayout(3, 1, CELL), 1))
    assert (cell(sheet, SheetLayout(3, 1, CELL), 2) > 150).any(axis=2).all()


def test_units_that_are_never_negative_are_scaled_from_minimum_to_maximum() -> None:
    units = layer(0.5 + 0.1 * RAMP, RAMP.clip(0, 1))
    sheet = draw(units, Scale.of(units), SheetLayout(2, 1, CELL))
    found = cell(sheet, SheetLayout(2, 1, CELL), 0).astype(int)
    assert np.abs(found - colors((RAMP + 1) / 2)).max() <= 1


def test_signs_have_different_hues() -> None:
    below, zero, above = colors(np.array([-0.6, 0.0, 0.6])).astype(int)
    assert below[2] > below[0] + 100
    assert above[0] > above[2] + 100
    assert zero.max() < 64
    assert colors(np.array([-9.0, 9.0])).tolist() == colors(np.array([-1.0, 1.0])).tolist()


def test_dead_units_are_crossed_out() -> None:
    units = layer(RAMP, 0 * RAMP, RAMP, 0 * RAMP, dead=(1, 2))
    layout = SheetLayout(4, 1, CELL)
    sheet = draw(units, Scale.of(units), layout)
    for index in (1, 2):
        crossed = cell(sheet, layout, index)
        assert np.abs(crossed[10, 15].astype(int) - neuron_sheet.CROSS).max() < 12
        assert crossed[10, 2].tolist() == list(neuron_sheet.DEAD)
        assert crossed[2, 15].tolist() == list(neuron_sheet.DEAD)
    assert np.array_equal(cell(sheet, layout, 0), colors(RAMP))
    # A constant unit that is not dead is dark.
    assert (cell(sheet, layout, 3) == colors(np.array([0.0]))).all()


def test_another_moment_keeps_the_order_and_the_scale_of_the_last() -> None:
    last = layer(RAMP, -RAMP, 0 * RAMP, importance=[1, 2, 0], dead=(2,))
    scale, layout = Scale.of(last), SheetLayout(3, 1, CELL)
    earlier = layer(0.5 * RAMP, 3 * RAMP, 7 * RAMP, importance=[9, 1, 5])
    sheet = draw(earlier, scale, layout)
    assert np.array_equal(cell(sheet, layout, 0), colors(3 * RAMP))
    assert np.array_equal(cell(sheet, layout, 1), colors(0.5 * RAMP))
    # The unit is dead at the last moment, so it is scaled by its own outputs.
    assert np.array_equal(cell(sheet, layout, 2), colors(RAMP))


def test_the_scale_of_the_last_moment_applies_to_units_that_are_never_negative() -> None:
    scale = Scale.of(layer(0.5 + 0.1 * RAMP))
    found = draw(layer(0.6 + 0.02 * RAMP), scale, SheetLayout(1, 1, CELL))
    expected = colors((0.2 + 0.02 * RAMP) / 0.2)
    assert np.abs(cell(found, SheetLayout(1, 1, CELL), 0).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("count", [1, 2, 7, 16, 300, 2048])
@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (100, 1000), (50, 50)])
def test_all_units_fit_with_the_picture_s_aspect_ratio(count: int, shape: tuple[float, float]) -> None:
    found = sheet_layout(count, shape)
    assert found.columns * found.rows >= count > found.columns * (found.rows - 1)
    assert max(found.cell) <= 240
    assert max(found.size) <= 1920 or max(found.cell) <= 17
    assert found.cell[1] / found.cell[0] == pytest.approx(shape[1] / shape[0], rel=0.5 if min(found.cell) < 10 else 0.1)


def test_the_size_of_a_cell_can_be_given() -> None:
    assert sheet_layout(12, (1, 1), (30, 40)) == SheetLayout(3, 4, (30, 40))
