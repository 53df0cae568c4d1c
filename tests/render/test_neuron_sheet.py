from __future__ import annotations

import numpy as np
import pytest

from sfumato.render import neuron_sheet
from sfumato.render.neuron_sheet import GAP, Plan, Scale, colors, draw, plan
from sfumato.render.neurons import Layer
from sfumato.render.theme import BACKGROUND

CELL = (20, 30)
RAMP = np.tile(np.linspace(-1, 1, 30, dtype=np.float32), (20, 1))


def layer(*answers: np.ndarray, importance: list[float] | None = None, dead: tuple[int, ...] = ()) -> Layer:
    units = np.arange(len(answers))
    return Layer(
        np.stack(answers).astype(np.float32), np.array(importance or [1.0] * len(answers)), np.isin(units, dead)
    )


def cell(sheet: np.ndarray, plan: Plan, place: int) -> np.ndarray:
    top = GAP + place // plan.columns * (plan.cell[0] + GAP)
    left = GAP + place % plan.columns * (plan.cell[1] + GAP)
    return sheet[top : top + plan.cell[0], left : left + plan.cell[1]]


def test_units_stand_in_the_order_of_their_importance_with_gaps_between() -> None:
    shown = layer(RAMP, -RAMP, RAMP.clip(-1, 0), importance=[1, 3, 2])
    where = Plan(2, 2, CELL)
    sheet = draw(shown, Scale.of(shown), where)
    assert sheet.shape == (2 * 22 + 2, 2 * 32 + 2, 3)
    for place, wanted in enumerate((-RAMP, RAMP.clip(-1, 0), RAMP)):
        assert np.array_equal(cell(sheet, where, place), colors(wanted))
    left = sheet.copy()
    for place in range(3):
        cell(left, where, place)[:] = BACKGROUND
    assert (left == BACKGROUND).all()


def test_each_unit_has_its_own_scale_around_zero() -> None:
    shown = layer(RAMP, 0.001 * RAMP, 100 + 0 * RAMP + RAMP)
    sheet = draw(shown, Scale.of(shown), Plan(3, 1, CELL))
    assert np.array_equal(cell(sheet, Plan(3, 1, CELL), 0), cell(sheet, Plan(3, 1, CELL), 1))
    assert (cell(sheet, Plan(3, 1, CELL), 2) > 150).any(axis=2).all()


def test_units_that_are_never_negative_go_from_their_least_to_their_largest() -> None:
    shown = layer(0.5 + 0.1 * RAMP, RAMP.clip(0, 1))
    sheet = draw(shown, Scale.of(shown), Plan(2, 1, CELL))
    found = cell(sheet, Plan(2, 1, CELL), 0).astype(int)
    assert np.abs(found - colors((RAMP + 1) / 2)).max() <= 1


def test_signs_have_different_hues() -> None:
    below, zero, above = colors(np.array([-0.6, 0.0, 0.6])).astype(int)
    assert below[2] > below[0] + 100
    assert above[0] > above[2] + 100
    assert zero.max() < 64
    assert colors(np.array([-9.0, 9.0])).tolist() == colors(np.array([-1.0, 1.0])).tolist()


def test_dead_units_are_crossed_out() -> None:
    shown = layer(RAMP, 0 * RAMP, RAMP, 0 * RAMP, dead=(1, 2))
    where = Plan(4, 1, CELL)
    sheet = draw(shown, Scale.of(shown), where)
    for place in (1, 2):
        crossed = cell(sheet, where, place)
        assert np.abs(crossed[10, 15].astype(int) - neuron_sheet.CROSS).max() < 12
        assert crossed[10, 2].tolist() == list(neuron_sheet.DEAD)
        assert crossed[2, 15].tolist() == list(neuron_sheet.DEAD)
    assert np.array_equal(cell(sheet, where, 0), colors(RAMP))
    # The same everywhere, and alive.
    assert (cell(sheet, where, 3) == colors(np.array([0.0]))).all()


def test_another_moment_is_drawn_in_the_places_and_on_the_scale_of_the_last() -> None:
    last = layer(RAMP, -RAMP, 0 * RAMP, importance=[1, 2, 0], dead=(2,))
    scale, where = Scale.of(last), Plan(3, 1, CELL)
    earlier = layer(0.5 * RAMP, 3 * RAMP, 7 * RAMP, importance=[9, 1, 5])
    sheet = draw(earlier, scale, where)
    assert np.array_equal(cell(sheet, where, 0), colors(3 * RAMP))
    assert np.array_equal(cell(sheet, where, 1), colors(0.5 * RAMP))
    # Dead at last: it has no scale but its own.
    assert np.array_equal(cell(sheet, where, 2), colors(RAMP))


def test_the_scale_of_the_last_moment_holds_for_units_that_are_never_negative_too() -> None:
    scale = Scale.of(layer(0.5 + 0.1 * RAMP))
    found = draw(layer(0.6 + 0.02 * RAMP), scale, Plan(1, 1, CELL))
    wanted = colors((0.2 + 0.02 * RAMP) / 0.2)
    assert np.abs(cell(found, Plan(1, 1, CELL), 0).astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("count", [1, 2, 7, 16, 300, 2048])
@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (100, 1000), (50, 50)])
def test_all_units_have_room_in_the_shape_of_the_picture(count: int, shape: tuple[float, float]) -> None:
    found = plan(count, shape)
    assert found.columns * found.rows >= count > found.columns * (found.rows - 1)
    assert max(found.cell) <= 240
    assert max(found.size) <= 1920 or max(found.cell) <= 17
    assert found.cell[1] / found.cell[0] == pytest.approx(shape[1] / shape[0], rel=0.5 if min(found.cell) < 10 else 0.1)


def test_a_cell_s_size_can_be_given() -> None:
    assert plan(12, (1, 1), (30, 40)) == Plan(3, 4, (30, 40))
