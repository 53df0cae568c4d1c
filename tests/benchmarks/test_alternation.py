"""Alternating turns, and statistics of their times."""

from __future__ import annotations

import numpy as np
import pytest
from alternation import alternate, quartiles, ratios


def test_quartiles_are_those_of_numpy() -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]
    found = quartiles(values)
    np.testing.assert_allclose(found[:3], np.percentile(values, [25, 50, 75]))
    assert found.n == 6


def test_quartiles_need_two_values() -> None:
    with pytest.raises(ValueError, match="at least 2 values. Got 1"):
        quartiles([1.0])


def test_ratios_are_taken_round_by_round() -> None:
    # In the second round the machine is ten times slower for both sides, so the ratio is 2 throughout.
    assert ratios([2.0, 20.0, 2.0], [1.0, 10.0, 1.0])[:3] == (2.0, 2.0, 2.0)


def test_ratios_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.slow
def test_sides_alternate_and_none_is_always_first() -> None:
    calls: list[tuple[str, int]] = []

    def turn(name: str, number: int) -> float:
        calls.append((name, number))
        return len(calls)

    seconds = alternate({name: lambda number, name=name: turn(name, number) for name in "ab"}, 3)
    assert calls == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert seconds == {"a": [1, 4, 5], "b": [2, 3, 6]}


def test_format() -> None:
    assert f"{quartiles([1.0, 2.0, 3.0]):.1f}" == "2.0 (1.5 to 2.5)"
