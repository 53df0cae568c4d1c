"""The index of a folder of experiments: their trials in one Parquet file, with the state of the files they came from.

It is a cache. The files of the experiments are the truth: an experiment is read again where one of its files differs
in size, time or place from what the index states.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import RunError
from sfumato.lab.layout import PLAN, TRIALS
from sfumato.runs.files import replacing, require_regular

if TYPE_CHECKING:
    import pyarrow
    from pyarrow import parquet

    from sfumato.tables import Table

LAYOUT = 2
"""Version of the index and of the trials' columns; an index of another version is made anew."""

KEY = b"sfumato.trials-index"
"""Key of the metadata by which an index is told from another Parquet file."""

MAX_BYTES = 1 << 30
"""Bytes of an index, and of its table in memory: some five million trials. Beyond them there is none."""

BYTES_OF_VALUE = 8
"""Bytes of a number; those of a text are its place in a dictionary."""

ABANDONED_AFTER_SECONDS = 3600.0

State = tuple[tuple[int, ...], ...]
"""Size, times of change and number of each file; empty where it is missing."""


@dataclass(frozen=True)
class Entry:
    """An experiment in the index."""

    state: State
    """State of its files before they were read."""
    rows: int
    columns: tuple[str, ...]
    """Columns that this experiment has; the index has those of all."""


@dataclass(frozen=True)
class Index:
    """Entries by the experiment's name, in the order of their rows in the table."""

    entries: dict[str, Entry]
    table: pyarrow.Table

    def parts(self) -> dict[str, pyarrow.Table]:
        """Return the rows and columns of each experiment."""
        found: dict[str, pyarrow.Table] = {}
        first = 0
        for name, entry in self.entries.items():
            found[name] = self.table.slice(first, entry.rows).select(list(entry.columns))
            first += entry.rows
        return found


def state_of(experiment: Path) -> State:
    """Return the state of the files that an experiment's trials come from. Raises OSError."""
    found: list[tuple[int, ...]] = []
    for name in (PLAN, TRIALS):
        try:
            status = (experiment / name).stat()
        except FileNotFoundError:
            found.append(())
        else:
            # A copy has the time of change of its original, but not its number and the time of its own making.
            found.append((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    return tuple(found)


def read(path: Path) -> Index | None:
    """Return an index, or None where there is none, it is damaged or of another version, or pyarrow is missing."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return None
    try:
        if require_regular(path).stat().st_size > MAX_BYTES:
            return None
        with path.open("rb") as source:
            metadata = parquet.read_metadata(source)
            schema = metadata.schema.to_arrow_schema()
            stated = json.loads((schema.metadata or {})[KEY])
            if stated["layout"] != LAYOUT:
                return None
            entries = _entries(stated["experiments"])
            if not _is_bounded(metadata) or not _is_whole(metadata, schema, entries):
                return None
            texts = [field.name for field in schema if field.type == pyarrow.string()]
            # Not `read_table`, which imports twice as much.
            with parquet.ParquetFile(
                source, metadata=metadata, read_dictionary=texts, page_checksum_verification=True
            ) as file:
                # Threads would stay in the caller's process.
                table = file.read(use_threads=False).replace_schema_metadata(None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pyarrow.ArrowException):
        return None
    return Index(entries, table)


def _entries(stated: Mapping[str, Any]) -> dict[str, Entry]:
    return {
        name: Entry(tuple(tuple(each) for each in entry["state"]), entry["rows"], tuple(entry["columns"]))
        for name, entry in stated.items()
    }


def _is_bounded(metadata: parquet.FileMetaData) -> bool:
    """Return whether the table is small enough, before it is read: few bytes of a file may expand to any number."""
    groups = (metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    return _fits(metadata.num_rows, metadata.num_columns) and sum(groups) <= MAX_BYTES


def _fits(rows: int, columns: int) -> bool:
    return rows * columns * BYTES_OF_VALUE <= MAX_BYTES


def _is_whole(metadata: parquet.FileMetaData, schema: pyarrow.Schema, entries: Mapping[str, Entry]) -> bool:
    """Return whether the table has the rows and columns that its entries state."""
    import pyarrow

    rows = [entry.rows for entry in entries.values()]
    columns = {column for entry in entries.values() for column in entry.columns}
    types = (pyarrow.string(), pyarrow.int64(), pyarrow.float64(), pyarrow.bool_())
    return (
        all(isinstance(each, int) and each >= 0 for each in rows)
        and sum(rows) == metadata.num_rows
        and sorted(columns) == sorted(schema.names)
        and all(len(set(entry.columns)) == len(entry.columns) for entry in entries.values())
        and all(field.type in types for field in schema)
    )


def write(path: Path, index: Index) -> bool:
    """Replace the index at a path, if that is one or unreadable; return whether it was written.

    It is left alone where the folder cannot be written, and where another file has its name. Where there are no
    experiments, or too many trials, an earlier index is removed: whoever queries it would find other trials.
    """
    import pyarrow
    from pyarrow import parquet

    stated = {"layout": LAYOUT, "experiments": {name: asdict(entry) for name, entry in index.entries.items()}}
    table = index.table.unify_dictionaries()
    try:
        if not index.entries or not _fits(table.num_rows, table.num_columns):
            _remove(path)
            return False
        if _is_foreign(path):
            return False
        _remove_abandoned(path)
        with replacing(path, synced=False) as partial:
            with partial.open("wb") as file:
                # Without Arrow's schema: to other programs, texts are texts.
                options: dict[str, Any] = {"write_page_checksum": True, "store_schema": False}
                with parquet.ParquetWriter(file, table.schema, **options) as writer:
                    writer.write_table(table)
                    writer.add_key_value_metadata({KEY: json.dumps(stated)})
            with partial.open("rb") as file:
                is_bounded = _is_bounded(parquet.read_metadata(file))
            if not is_bounded:
                _remove(path)
                raise RunError(f"{path} would be too large.")
    except (RunError, OSError, pyarrow.ArrowException):
        return False
    return True


def _is_foreign(path: Path) -> bool:
    """Return whether there is something else: no file, or one that can be read as Parquet and is no index."""
    try:
        require_regular(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    metadata = _metadata_of(path)
    return metadata is not None and KEY not in metadata


def _remove(path: Path) -> None:
    """Remove an index, of any version. Raises OSError."""
    if path.is_file() and KEY in (_metadata_of(path) or {}):
        path.unlink(missing_ok=True)


def _metadata_of(path: Path) -> Mapping[bytes, bytes] | None:
    """Return the metadata of a regular file of Parquet; None where it is damaged."""
    import pyarrow
    from pyarrow import parquet

    try:
        with path.open("rb") as file:
            return parquet.read_schema(file).metadata or {}
    except (OSError, ValueError, pyarrow.ArrowException):
        return None


def _remove_abandoned(path: Path) -> None:
    """Remove partial files of processes that were killed while they wrote this one."""
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_AFTER_SECONDS:
                partial.unlink()


def encoded(trials: Table) -> pyarrow.Table:
    """Return trials as a table of Arrow, texts by dictionaries. Raises what Arrow raises for what it cannot hold."""
    import pyarrow

    types = {str: pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), int: pyarrow.int64(), bool: pyarrow.bool_()}
    arrays = [pyarrow.array(trials[name], types.get(kind, pyarrow.float64())) for name, kind in trials.kinds.items()]
    return pyarrow.Table.from_arrays(arrays, names=trials.columns)


def concatenated(parts: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """Return the rows of all parts; null in columns that a part lacks. Raises ArrowException for different types."""
    import pyarrow

    return pyarrow.concat_tables(parts, promote_options="default")
