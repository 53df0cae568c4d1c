"""The values of Arrow's columns as objects of Python.

Arrow's own ways to select rows and to convert columns import its compute functions or pandas, which takes longer than
answering most filters. Here texts of a dictionary are one object each, however often they occur.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow

Mask = NDArray[np.bool_]


def columns(table: pyarrow.Table, keep: Sequence[bool] | None = None) -> dict[str, list[Any]]:
    """Return the values of each column by name, None where they are unknown; ``keep``: only those rows."""
    mask = None if keep is None else np.asarray(keep, dtype=np.bool_)
    return {name: list(itertools.chain(*_chunks(table.column(name), mask))) for name in table.column_names}


def column(table: pyarrow.Table, name: str) -> list[Any]:
    """Return the values of one column, None where they are unknown."""
    return list(itertools.chain(*_chunks(table.column(name), None)))


def _chunks(whole: pyarrow.ChunkedArray, mask: Mask | None) -> Iterator[list[Any]]:
    first = 0
    for chunk in whole.chunks:
        yield _values(chunk, None if mask is None else mask[first : first + len(chunk)])
        first += len(chunk)


def _values(array: Any, mask: Mask | None) -> list[Any]:
    import pyarrow

    if isinstance(array, pyarrow.DictionaryArray):
        texts = array.dictionary.to_pylist()
        return [None if at is None else texts[at] for at in _values(array.indices, mask)]
    kinds = {pyarrow.int32(): np.int32, pyarrow.int64(): np.int64, pyarrow.float64(): np.float64}
    kind = kinds.get(array.type)
    validity, *data = array.buffers()
    if kind is None or data[0] is None:
        values = array.to_pylist()
        return values if mask is None else list(itertools.compress(values, mask))
    numbers = np.frombuffer(data[0], kind)[array.offset : array.offset + len(array)]
    values = (numbers if mask is None else numbers[mask]).tolist()
    if not array.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), count=array.offset + len(array), bitorder="little")
    known = bits[array.offset :].view(np.bool_)
    are_known = (known if mask is None else known[mask]).tolist()
    return [value if is_known else None for value, is_known in zip(values, are_known, strict=True)]
