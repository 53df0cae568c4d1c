"""Results as tables, which any data library takes over; nothing is imported unless it is asked for."""

from __future__ import annotations

import csv
import html
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from sfumato.conditions import Condition, matching
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

SHOWN_ROWS = 10
"""Rows that a table shows of itself."""

Column = Sequence[Any]


class Table:
    """Columns of equal length by name; None where a value is unknown.

    >>> trials = sf.load_experiment("depth").trials()
    >>> trials.filter(purpose="verdict", psnr=(28, None)).to_pandas()

    ``kinds`` are the types of the columns: str, int, float, or bool.
    """

    def __init__(self, columns: Mapping[str, Column], kinds: Mapping[str, type]) -> None:
        self._columns = {name: list(values) for name, values in columns.items()}
        self._kinds = {name: kinds.get(name, float) for name in columns}
        lengths = {len(values) for values in self._columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"all columns must have the same length. Got {sorted(lengths)}")
        self._length = lengths.pop() if lengths else 0

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    @property
    def kinds(self) -> dict[str, type]:
        """The type of each column."""
        return dict(self._kinds)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> list[Any]:
        """Return the values of a column. Raises KeyError."""
        return self._columns[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each row as values by name."""
        for values in zip(*self._columns.values(), strict=True):
            yield dict(zip(self._columns, values, strict=True))

    def filter(self, **conditions: Condition) -> Table:
        """Return the rows that meet every condition: ``filter(arm="relu", psnr=(28, None), seed={0, 1})``.

        A condition is a value that is equal, a range ``(low, high)`` of numbers whose ends belong to it and may be
        None, a list, set or other iterable of values, or a function of a value. A tuple is always a range. Unknown
        values meet none but a function. Raises SfumatoError for a column that the table lacks, for a value of another
        type than those of its column, and for a range of text or from high to low.
        """
        keep = matching(len(self), self._columns, self._columns.__getitem__, conditions)
        return Table(
            {name: list(itertools.compress(values, keep)) for name, values in self._columns.items()}, self._kinds
        )

    def to_arrow(self) -> pyarrow.Table:
        """Return a table of Arrow, with types. Raises SfumatoError without pyarrow."""
        pyarrow = _library("pyarrow")
        types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
        arrays = [pyarrow.array(values, types[self._kinds[name]]) for name, values in self._columns.items()]
        return pyarrow.Table.from_arrays(arrays, names=self.columns)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a data frame of pandas, with its nullable types. Raises SfumatoError without pandas."""
        pandas = _library("pandas")
        types = {str: "string", int: "Int64", float: "Float64", bool: "boolean"}
        return pandas.DataFrame(
            {name: pandas.array(values, types[self._kinds[name]]) for name, values in self._columns.items()}
        )

    def to_polars(self) -> polars.DataFrame:
        """Return a data frame of polars. Raises SfumatoError without polars."""
        polars = _library("polars")
        types = {str: polars.String, int: polars.Int64, float: polars.Float64, bool: polars.Boolean}
        return polars.DataFrame(self._columns, schema={name: types[kind] for name, kind in self._kinds.items()})

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        """Return the table in the dataframe interchange protocol, by Arrow."""
        return self.to_arrow().__dataframe__(nan_as_null=nan_as_null, allow_copy=allow_copy)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the table as a stream of Arrow's C interface, which polars, DuckDB and others read."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_csv(self) -> bytes:
        """Return UTF-8 with a header line; numbers in full precision, empty fields for unknown values."""
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(self._columns)
        writer.writerows(zip(*self._columns.values(), strict=True))
        return file.getvalue().encode()

    def to_parquet(self) -> bytes:
        """Return a Parquet file. Raises SfumatoError without pyarrow."""
        table = self.to_arrow()
        from pyarrow import parquet

        buffer = _library("pyarrow").BufferOutputStream()
        parquet.write_table(table, buffer)
        return buffer.getvalue().to_pybytes()

    def __repr__(self) -> str:
        rows = [self.columns, *([_text(value) for value in row.values()] for row in itertools.islice(self, SHOWN_ROWS))]
        widths = [max(len(row[number]) for row in rows) for number in range(len(self.columns))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        more = [f"... {len(self) - SHOWN_ROWS:,} more rows"] if len(self) > SHOWN_ROWS else []
        return "\n".join([f"{len(self):,} rows x {len(self.columns)} columns", *lines, *more])

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_text(value))}</td>" for value in row.values()) + "</tr>"
            for row in itertools.islice(self, SHOWN_ROWS)
        )
        return f"<table><tr>{heads}</tr>{rows}</table><p>{len(self):,} rows x {len(self.columns)} columns</p>"


def read_parquet(path: Path) -> Table:
    """Return the table in a Parquet file that `Table.to_parquet` wrote. Raises SfumatoError without pyarrow."""
    pyarrow = _library("pyarrow")
    from pyarrow import parquet

    try:
        return of_arrow(parquet.read_table(path))
    except (OSError, pyarrow.ArrowException) as error:
        raise SfumatoError(f"{path} must be a Parquet file: {' '.join(str(error).split())[:200]}") from None


def of_arrow(table: pyarrow.Table, conditions: Mapping[str, Condition] | None = None) -> Table:
    """Return a table of Arrow that `Table.to_arrow` made, or a part of one: the rows that meet every condition.

    Its texts may be encoded as dictionaries. Raises SfumatoError as `Table.filter` does.
    """
    pyarrow = _library("pyarrow")
    from sfumato import arrow_values

    names = {pyarrow.int64(): int, pyarrow.float64(): float, pyarrow.bool_(): bool}
    kinds = {field.name: names.get(field.type, str) for field in table.schema}
    keep = None
    if conditions:
        keep = matching(len(table), table.column_names, lambda name: arrow_values.column(table, name), conditions)
    return Table(arrow_values.columns(table, keep), kinds)


def joined(tables: Sequence[Table]) -> Table:
    """Return the rows of all tables; None in columns that a table lacks."""
    names = dict.fromkeys(name for table in tables for name in table.columns)
    kinds = {name: kind for table in reversed(tables) for name, kind in table.kinds.items()}
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for table in tables:
        present = set(table.columns)
        for name, values in columns.items():
            values += table[name] if name in present else [None] * len(table)
    return Table(columns, kinds)


def _text(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _library(name: str) -> Any:
    """Import a data library. Raises SfumatoError with the way to install it."""
    import importlib

    try:
        return cast("ModuleType", importlib.import_module(name))
    except ImportError:
        how = "pip install 'sfumato[lab]'" if name == "pyarrow" else f"pip install {name}"
        raise SfumatoError(f"this table needs {name}, which is not installed: {how}") from None
