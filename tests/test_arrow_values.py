"""The values of Arrow's columns as objects of Python."""

from __future__ import annotations

from typing import Any

import pyarrow
from hypothesis import given
from hypothesis import strategies as st

from sfumato import arrow_values

TEXTS = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
VALUES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (pyarrow.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pyarrow.float64(), st.floats(allow_nan=False)),
    (pyarrow.bool_(), st.booleans()),
    (pyarrow.string(), st.text(max_size=3)),
    (TEXTS, st.text(max_size=3)),
    (pyarrow.int16(), st.integers(-9, 9)),
]


@st.composite
def columns(draw: st.DrawFn) -> pyarrow.ChunkedArray:
    """Return a column of several chunks, each a slice of an array, with unknown values."""
    kind, values = draw(st.sampled_from(VALUES))
    chunks = [
        pyarrow.array(each, kind)[draw(st.integers(0, 3)) :] for each in draw(st.lists(st.lists(st.none() | values)))
    ]
    return pyarrow.chunked_array(chunks, kind)


@given(columns(), st.randoms(use_true_random=False))
def test_values_are_those_of_arrow(column: pyarrow.ChunkedArray, random: Any) -> None:
    expected, table = column.to_pylist(), pyarrow.table({"a": column})
    found = arrow_values.column(table, "a")
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))
    assert arrow_values.columns(table) == {"a": expected}
    keep = [random.random() < 0.5 for _ in expected]
    kept = [value for value, is_kept in zip(expected, keep, strict=True) if is_kept]
    assert arrow_values.columns(table, keep) == {"a": kept}


def test_a_text_of_a_dictionary_is_one_object() -> None:
    table = pyarrow.table({"a": pyarrow.array(["many bytes"] * 3, TEXTS)})
    first, *others = arrow_values.column(table, "a")
    assert all(each is first for each in others)
