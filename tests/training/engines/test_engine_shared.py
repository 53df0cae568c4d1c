"""Tests of arrays and memory shared between networks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato.training.engines import Shared


def test_equal_arrays_are_held_once() -> None:
    shared, first = Shared(), np.arange(6, dtype=np.float32).reshape(3, 2)
    assert shared.intern(first) is first
    assert shared.intern(first.copy()) is first


@pytest.mark.parametrize(
    "other",
    [
        np.arange(6, dtype=np.float64).reshape(3, 2),
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([[0, 1], [2, 3], [4, 6]], np.float32),
        np.array([[-0.0, 1], [2, 3], [4, 5]], np.float32),
    ],
)
def test_different_arrays_are_not_shared(other: NDArray[np.floating]) -> None:
    shared = Shared()
    shared.intern(np.arange(6, dtype=np.float32).reshape(3, 2))
    assert shared.intern(other) is other


def test_nan_equals_itself() -> None:
    shared, first = Shared(), np.full(3, np.nan)
    assert shared.intern(first) is shared.intern(first.copy())


def test_a_borrowed_item_has_one_user() -> None:
    shared = Shared()
    with shared.borrow("kind", object) as first:
        with shared.borrow("kind", object) as second, shared.borrow("other", object) as third:
            assert len({id(first), id(second), id(third)}) == 3
        with shared.borrow("kind", object) as again:
            assert again is second


def test_a_borrowed_item_is_returned_after_an_error() -> None:
    shared = Shared()
    with pytest.raises(KeyError), shared.borrow("kind", object) as first:
        raise KeyError
    with shared.borrow("kind", object) as again:
        assert again is first
