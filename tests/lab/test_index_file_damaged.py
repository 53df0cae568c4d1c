"""An index that is damaged, hostile, of another version, or no index at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

import sfumato as sf
from sfumato.lab import index_file
from sfumato.lab.layout import INDEX, TRIALS
from sfumato.tables import Table
from tests.lab.indexed import plain, same


def truncate(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    at = data.index(b"finished")
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def nothing(_data: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [truncate, flip, nothing])
def test_a_damaged_index_is_made_anew(folder: Path, damage: Callable[[bytes], bytes], read_again: list[str]) -> None:
    index = folder / INDEX
    # Without compression, so that a damaged byte is one of a value.
    parquet.write_table(parquet.read_table(index), index, compression="none", write_page_checksum=True)
    assert index_file.read(index) is not None
    index.write_bytes(damage(index.read_bytes()))
    assert index_file.read(index) is None
    assert same(sf.load_trials(folder), plain(folder))
    assert len(read_again) == 3
    assert index_file.read(index) is not None


def restated(index: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what an index states about itself."""
    table = parquet.read_table(index)
    stated = json.loads(table.schema.metadata[index_file.KEY])
    change(stated)
    parquet.write_table(table.replace_schema_metadata({index_file.KEY: json.dumps(stated)}), index)


def test_an_index_of_another_version_or_with_wrong_counts_is_made_anew(folder: Path, read_again: list[str]) -> None:
    for change in (
        lambda stated: stated.update(layout=index_file.LAYOUT + 1),
        lambda stated: stated["experiments"]["one"].update(rows=1),
        lambda stated: stated["experiments"]["one"].update(columns=["no such column"]),
        lambda stated: stated.update(experiments=[]),
    ):
        restated(folder / INDEX, change)
        assert same(sf.load_trials(folder), plain(folder))
        assert len(read_again) == 3
        read_again.clear()


def test_another_file_of_that_name_is_left_alone(folder: Path) -> None:
    index = folder / INDEX
    parquet.write_table(pyarrow.table({"mine": [1]}), index)
    before = index.read_bytes()
    assert same(sf.load_trials(folder), plain(folder))
    assert index.read_bytes() == before
    index.unlink()
    index.mkdir()
    assert same(sf.load_trials(folder, seed=1), plain(folder).filter(seed=1))
    assert index.is_dir()


def test_the_index_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "MAX_BYTES", 100)
    assert index_file.read(folder / INDEX) is None
    (folder / INDEX).unlink()
    assert same(sf.load_trials(folder), plain(folder))
    assert not (folder / INDEX).exists()


def test_an_index_with_columns_of_other_types_is_made_anew(folder: Path, read_again: list[str]) -> None:
    index = folder / INDEX
    table = parquet.read_table(index)
    at = table.column_names.index("psnr")
    parquet.write_table(table.set_column(at, "psnr", table["step"]), index)
    os.utime(folder / "two" / TRIALS)
    assert same(sf.load_trials(folder), plain(folder))
    assert read_again.count("one") == 1
    read_again.clear()
    assert same(sf.load_trials(folder), plain(folder))
    assert read_again == []


def test_few_bytes_that_expand_to_many_rows_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = folder / INDEX
    table = parquet.read_table(index)
    part = index_file.MAX_BYTES // index_file.BYTES_OF_VALUE // table.num_columns // 50 + 1
    stated = json.loads((table.schema.metadata or {})[index_file.KEY])
    stated["experiments"]["one"]["rows"] += 50 * part
    schema = table.schema.with_metadata({index_file.KEY: json.dumps(stated)})
    more = pyarrow.Table.from_arrays([pyarrow.nulls(part, field.type) for field in schema], schema=schema)
    with parquet.ParquetWriter(index, schema) as writer:
        writer.write_table(table)
        for _ in range(50):
            writer.write_table(more)
    assert parquet.read_metadata(index).num_rows == sum(each["rows"] for each in stated["experiments"].values())
    assert index.stat().st_size < 2_000_000
    monkeypatch.setattr(parquet.ParquetFile, "read", lambda *_, **__: pytest.fail("the rows are read"))
    assert index_file.read(index) is None


def test_what_an_index_states_is_compared_before_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index_file.read(folder / INDEX) is not None
    monkeypatch.setattr(parquet.ParquetFile, "read", lambda *_, **__: pytest.fail("the rows are read"))
    for rows in (1, -1, 2.5, "15"):
        restated(folder / INDEX, lambda stated, rows=rows: stated["experiments"]["one"].update(rows=rows))
        assert index_file.read(folder / INDEX) is None


def test_a_pipe_in_place_of_the_index_is_left_alone(folder: Path) -> None:
    index = folder / INDEX
    index.unlink()
    os.mkfifo(index)
    found: list[Table] = []
    # Opening a pipe would wait forever.
    thread = Thread(target=lambda: found.append(sf.load_trials(folder)), daemon=True)
    thread.start()
    thread.join(60)
    assert len(found) == 1
    assert same(found[0], plain(folder))
    assert index.is_fifo()
