"""The products timed alone are those of the engine."""

from __future__ import annotations

import itertools

import pytest
from machine_loops import CHAINS, multiply_adds, read, update
from settings import SETTINGS
from step_products import FAN_IN, FAN_OUT, INPUT_STRIDE, INPUTS, OUTPUT_STRIDE, TILE, WEIGHTS, WEIGHTS_T, Products

from sfumato.training.engines.fused import layout as fused_layout
from sfumato.training.engines.fused.layout import Field, Layout
from sfumato.training.kernels.memory import zeros
from sfumato.training.kernels.vectors import LANES

COLUMNS = {
    FAN_IN: Field.FAN_IN,
    FAN_OUT: Field.FAN_OUT,
    INPUT_STRIDE: Field.ROWS,
    OUTPUT_STRIDE: Field.COLUMNS,
    WEIGHTS: Field.WEIGHTS,
    WEIGHTS_T: Field.WEIGHTS_T,
    INPUTS: Field.INPUTS,
}


@pytest.mark.parametrize("sizes", [[2, 300, 300, 3], [256, 7, 65, 3]])
def test_buffers_have_the_layout_of_the_engine(sizes: list[int]) -> None:
    layout, products = Layout(sizes, biases=True), Products(sizes, batch=1024, threads=1)
    assert fused_layout.TILE == TILE
    assert (products.memory, products.widest, products.parameters) == (layout.memory, layout.widest, layout.parameters)
    for column, field in COLUMNS.items():
        assert products.table[:, column].tolist() == layout.table[:, field].tolist()


def test_operations_are_counted_as_the_products_take_them() -> None:
    # 2 x 16, 16 x 16, 16 x 3: forward pass and weight gradients for all, input gradients for all but the first.
    assert SETTINGS["tiny"].operations() == 64 * 2 * (2 * 32 + 3 * (256 + 48))
    sizes = [2, 300, 300, 300, 300, 3]
    whole = sum(a * b for a, b in itertools.pairwise(sizes))
    assert SETTINGS["4x300"].operations() == 1024 * (6 * whole - 2 * 600)


@pytest.mark.slow
def test_timed_loops_compute_the_expected_values() -> None:
    # x -> 0.5 x + 0.5 converges to 1.
    assert multiply_adds(100, 0.5) == CHAINS
    block = zeros(3 * CHAINS * LANES)
    block[:] = 1
    assert read(block.ctypes.data, 3, 2) == 2 * 3 * CHAINS
    update(block.ctypes.data, 2, 2, 3.0)
    assert (block[: 2 * CHAINS * LANES] == 9).all()
    assert (block[2 * CHAINS * LANES :] == 1).all()
