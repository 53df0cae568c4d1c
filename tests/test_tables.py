"""Results as tables for other libraries."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
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


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (range(2), [0, 1]),
        (dict.fromkeys((0, 7)), [0, 1]),
        (np.array([0, 7]), [0, 1]),
        (np.array(0), [0, 1]),
        (np.int64(0), [0, 1]),
        (0.0, [0, 1]),
        ((np.float64(-0.5), np.int64(0)), [0, 1]),
        ([0, None], [0, 1]),
        ([], []),
        (None, []),
        (float("nan"), []),
        ([float("nan"), 0], [0, 1]),
    ],
    ids=str,
)
def test_values_may_come_from_any_iterable_or_scalar(table: Table, values: object, rows: list[int]) -> None:
    assert list(table.filter(seed=values)) == [list(table)[number] for number in rows]


def test_a_generator_is_used_up_once(table: Table) -> None:
    assert table.filter(arm=(name for name in "ca"))["arm"] == ["a", "a"]


@pytest.mark.slow
def test_a_series_is_its_values_and_not_its_index(table: Table) -> None:
    import pandas

    assert len(table.filter(seed=pandas.Series([2, 3]))) == 0
    assert len(table.filter(arm=pandas.Series(["a", "c"]))) == 2
    assert len(table.filter(ok=pandas.Series([False]))) == len(table.filter(ok=np.bool_(False))) == 1


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"arm": ("a", "c")}, "arm holds text, of which there are no ranges. Got ('a', 'c'); for several values give a "
         "list: arm=['a', 'c']."),
        ({"ok": (False, True)}, "ok holds true or false, of which there are no ranges"),
        ({"seed": (0, 1, 2)}, "seed must be filtered by a value, a range (low, high) or a list. Got (0, 1, 2); for "
         "several values give a list: seed=[0, 1, 2]."),
        ({"seed": (0,)}, "Got (0,); for several values give a list: seed=[0]."),
        ({"psnr": (30, 20)}, "psnr must have a range (low, high) with low <= high. Got (30, 20)"),
        ({"psnr": ("20", None)}, "psnr must have numbers or None as the ends of its range. Got ('20', None)."),
        ({"psnr": (None, float("nan"))}, "psnr must have numbers or None as the ends of its range"),
        ({"seed": (False, True)}, "seed must have numbers or None as the ends of its range"),
        ({"seed": True}, "seed holds numbers. Got True; filter by what it holds."),
        ({"seed": "0"}, "seed holds numbers. Got '0'; filter by what it holds."),
        ({"seed": [0, "1"]}, "seed holds numbers. Got '1'"),
        ({"arm": 0}, "arm holds text. Got 0"),
        ({"arm": b"a"}, "arm holds text. Got b'a'"),
        ({"ok": 1}, "ok holds true or false. Got 1"),
        ({"seed": [[0], [1]]}, "seed holds numbers. Got [0]"),
        ({"seed": np.zeros((2, 2))}, "seed holds numbers. Got array([0., 0.])"),
    ],
)  # fmt: skip
def test_a_condition_that_no_value_can_meet_is_refused(table: Table, conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(SfumatoError, match=re.escape(message)) as caught:
        table.filter(**conditions)
    assert "\n" not in str(caught.value)


def test_a_column_without_known_values_refuses_none(table: Table) -> None:
    unknown = Table({"a": [None, None]}, {})
    assert len(unknown.filter(a=3)) == len(unknown.filter(a="x")) == len(unknown.filter(a=(1, 2))) == 0
    assert len(unknown.filter(a=lambda value: value is None)) == 2


def test_what_a_function_returns_counts_as_true_or_false(table: Table) -> None:
    assert table.filter(arm=re.compile("a").findall)["arm"] == ["a", "a"]


def test_a_column_may_hold_numbers_and_words() -> None:
    mixed = Table({"batch": ["all", 64, 128]}, {"batch": str})
    assert mixed.filter(batch=[64, "all"])["batch"] == ["all", 64]


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
