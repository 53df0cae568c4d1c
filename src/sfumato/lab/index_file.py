"""The index of a folder of experiments: their trials in one Parquet file, with the state of the files they came from.

It is a cache. The files of the experiments are the truth: an experiment is read again where one of its files differs
in size, time or place from what the index states.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import RunError
from sfumato.lab.layout import PLAN, TRIALS
from sfumato.runs.files import replacing, require_regular

if TYPE_CHECKING:
    import pyarrow

LAYOUT = 1
"""Version of the index and of the trials' columns; an index of another version is made anew."""

KEY = b"sfumato.trials-index"
"""Key of the metadata by which an index is told from another Parquet file."""

MAX_BYTES = 1 << 30
"""Bytes of an index: some ten million trials. Beyond them there is none."""

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
        # Not `read_table`, which imports twice as much.
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            stated = json.loads((file.schema_arrow.metadata or {})[KEY])
            if stated["layout"] != LAYOUT:
                return None
            # Threads would stay in the caller's process.
            table = file.read(use_threads=False).replace_schema_metadata(None)
        entries = {
            name: Entry(tuple(tuple(each) for each in entry["state"]), entry["rows"], tuple(entry["columns"]))
            for name, entry in stated["experiments"].items()
        }
        columns = {column for entry in entries.values() for column in entry.columns}
        if sum(entry.rows for entry in entries.values()) != len(table) or columns != set(table.column_names):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pyarrow.ArrowException):
        return None
    return Index(entries, table)


def write(path: Path, index: Index) -> bool:
    """Replace the index at a path, if that is one or unreadable; return whether it was written.

    It is left alone where the folder cannot be written, where it would be too large, and where another Parquet file has
    its name.
    """
    from pyarrow import parquet

    stated = {"layout": LAYOUT, "experiments": {name: asdict(entry) for name, entry in index.entries.items()}}
    table = index.table.replace_schema_metadata({KEY: json.dumps(stated)})
    try:
        if index.table.nbytes > MAX_BYTES or _is_foreign(path):
            return False
        _remove_abandoned(path)
        with replacing(path, synced=False) as partial:
            parquet.write_table(table, partial, write_page_checksum=True)
    except (RunError, OSError):
        return False
    return True


def _is_foreign(path: Path) -> bool:
    """Return whether the file can be read as Parquet and is no index, of any version."""
    import pyarrow
    from pyarrow import parquet

    try:
        return KEY not in (parquet.read_schema(path).metadata or {})
    except FileNotFoundError:
        return False
    except (OSError, ValueError, pyarrow.ArrowException):
        # What is not a file cannot be replaced; a damaged one can.
        return path.exists() and not path.is_file()


def _remove_abandoned(path: Path) -> None:
    """Remove partial files of processes that were killed while they wrote this one."""
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_AFTER_SECONDS:
                partial.unlink()


def concatenated(parts: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """Return the rows of all parts; null in columns that a part lacks. Raises ArrowException for different types."""
    import pyarrow

    return pyarrow.concat_tables(parts, promote_options="default")
