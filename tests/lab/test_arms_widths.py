"""Widths for a number of parameters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import RecipeError
from sfumato.lab.arms import widths


def count(sizes: Sequence[int], biases: bool = True) -> int:
    return sum(a * b + (b if biases else 0) for a, b in itertools.pairwise(sizes))


@given(
    depth=st.integers(1, 10),
    parameters=st.integers(5000, 500_000),
    inputs=st.sampled_from([2, 64, 512]),
    biases=st.booleans(),
)
def test_within_one_percent_and_as_equal_as_possible(depth: int, parameters: int, inputs: int, biases: bool) -> None:
    try:
        found = widths(depth, parameters, lambda units: count([inputs, *units, 3], biases))
    except RecipeError:
        # In one wide layer, one unit more is more than one percent.
        assert inputs == 512
        assert parameters < 100 * 516
        return
    assert len(found) == depth
    assert max(found) - min(found) <= 1
    assert abs(count([inputs, *found, 3], biases) - parameters) <= 0.01 * parameters


def test_the_network_of_2012() -> None:
    assert widths(4, count([2, 300, 300, 300, 300, 3]), lambda units: count([2, *units, 3])) == (300,) * 4


def test_impossible_numbers_are_refused_in_one_line() -> None:
    with pytest.raises(RecipeError, match="parameters must be a number that 8 layers"):
        widths(8, 20, lambda units: count([2, *units, 3]))
