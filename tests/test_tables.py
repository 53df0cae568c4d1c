"""Results as tables for other libraries."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import interchange, parquet

from sfumato.errors import SfumatoError
from sfumato.tables import Table, joined, read_parquet

KINDS: dict[str, type] = {"arm": str, "seed": int, "psnr": float, "ok": bool}


@pytest.fixture
def table() -> Table:
    return Table(
        {"arm": ["a", "b", "a"], "seed": [0, 0, None], "psnr": [20.5, None, 22.25], "ok": [True, False, None]}, KINDS
    )


def test_rows_and_columns(table: Table) -> None:
    assert len(table) == 3
    assert table.columns == ["arm", "seed", "psnr", "ok"]
    assert table["psnr"] == [20.5, None, 22.25]
    assert list(table)[1] == {"arm": "b", "seed": 0, "psnr": None, "ok": False}


@pytest.mark.slow
def test_pandas_and_polars_have_types_and_nulls(table: Table) -> None:
    import pandas
    import polars

    frame = table.to_pandas()
    assert [str(kind) for kind in frame.dtypes] == ["string", "Int64", "Float64", "boolean"]
    assert frame["psnr"].tolist() == [20.5, pandas.NA, 22.25]
    assert frame["seed"].isna().tolist() == [False, False, True]
    assert table.to_polars().rows(named=True) == list(table)
    # Without a conversion of ours.
    assert polars.DataFrame(table).rows(named=True) == list(table)
    assert pandas.api.interchange.from_dataframe(table)["arm"].tolist() == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ({"arm": "a"}, [0, 2]),
        ({"psnr": (21, None)}, [2]),
        ({"psnr": (None, 21)}, [0]),
        ({"psnr": (20.5, 22.25)}, [0, 2]),
        ({"arm": ["a", "c"], "seed": {0}}, [0]),
        ({"seed": lambda value: value is None}, [2]),
        ({"arm": "c"}, []),
    ],
)
def test_filters(table: Table, conditions: dict[str, Any], rows: list[int]) -> None:
    assert list(table.filter(**conditions)) == [list(table)[number] for number in rows]


def test_an_unknown_column_is_named(table: Table) -> None:
    with pytest.raises(SfumatoError, match=r"filter must name a column of arm, seed, psnr, ok. Got 'psn'"):
        table.filter(psn=3)


def test_arrow_has_types_and_nulls(table: Table) -> None:
    found = table.to_arrow()
    assert found.schema.types == [pyarrow.string(), pyarrow.int64(), pyarrow.float64(), pyarrow.bool_()]
    assert found.to_pylist() == list(table)
    # What polars, DuckDB and pandas take it by.
    assert pyarrow.table(table).equals(found)
    assert interchange.from_dataframe(table).to_pylist() == list(table)


values = {
    "arm": st.none() | st.text(max_size=9).filter(lambda text: "\r" not in text and "\0" not in text),
    "seed": st.none() | st.integers(-(2**63), 2**63 - 1),
    "psnr": st.none() | st.floats(allow_nan=False),
    "ok": st.none() | st.booleans(),
}


@given(st.lists(st.fixed_dictionaries(values), max_size=6))
def test_parquet_and_csv_hold_every_value(rows: list[dict[str, Any]]) -> None:
    table = Table({name: [row[name] for row in rows] for name in KINDS}, KINDS)
    buffer = pyarrow.BufferReader(table.to_parquet())
    assert parquet.read_table(buffer).to_pylist() == rows
    found = list(csv.DictReader(io.StringIO(table.to_csv().decode(), newline="")))
    assert [row["arm"] for row in found] == [row["arm"] or "" for row in rows]
    assert [float(row["psnr"]) if row["psnr"] else None for row in found] == [row["psnr"] for row in rows]


def test_parquet_is_read_back(table: Table, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(table.to_parquet())
    found = read_parquet(tmp_path / "t.parquet")
    assert list(found) == list(table)
    assert found.kinds == KINDS
    (tmp_path / "t.parquet").write_bytes(b"no table")
    with pytest.raises(SfumatoError, match="must be a Parquet file"):
        read_parquet(tmp_path / "t.parquet")


def test_tables_with_other_columns_are_joined(table: Table) -> None:
    more = Table({"arm": ["c"], "lr": [0.1]}, {"arm": str})
    found = joined([table, more])
    assert found.columns == ["arm", "seed", "psnr", "ok", "lr"]
    assert list(found)[3] == {"arm": "c", "seed": None, "psnr": None, "ok": None, "lr": 0.1}
    assert len(joined([])) == 0


def test_it_shows_its_first_rows(table: Table) -> None:
    assert repr(table).splitlines()[0] == "3 rows x 4 columns"
    assert "22.25" in repr(table)
    many = Table({"x": ["<b>"] * 1000}, {"x": str})
    assert repr(many).endswith("... 990 more rows")
    assert "<b>" not in many._repr_html_()


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        Table({"a": [1], "b": []}, {})


def test_a_missing_library_is_named(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(SfumatoError, match="needs polars, which is not installed: pip install polars"):
        table.to_polars()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SfumatoError, match="pip install 'sfumato"):
        table.to_parquet()


def test_no_data_library_is_imported_unless_it_is_asked_for() -> None:
    code = "import sys; from sfumato.tables import Table; Table({'a': [1]}, {}).filter(a=1).to_csv();"
    code += "sys.exit(bool({'pandas', 'pyarrow', 'polars', 'numpy', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
