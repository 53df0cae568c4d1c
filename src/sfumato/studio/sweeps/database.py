"""A bounded, read-only view of a sweep's database: Optuna's tables, read as they are, without Optuna.

Optuna itself reads all of a study into memory, whatever its size, and writes to a database that it opens. Here a folder
may come from anybody: views, long texts, and endless queries are refused in one line. A read holds SQLite's shared lock
for at most `MAX_SECONDS`, for which a sweep that commits waits.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sfumato.runs.entry import printable
from sfumato.studio.sweeps.spec_file import DATABASE
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

SCHEMA = 12
"""Version of Optuna's tables (`version_info.schema_version`), the same since Optuna 3.0."""
TABLES = frozenset(
    (
        "version_info",
        "studies",
        "study_user_attributes",
        "trials",
        "trial_params",
        "trial_user_attributes",
        "trial_values",
    )
)
FUNCTIONS = frozenset(("count", "length", "max", "min", "substr", "typeof"))
WHOLE = "typeof(trial_id) = 'integer' AND typeof(number) = 'integer'"
"""Condition of trials that Optuna may have written: a column of a file may have values of any type, and any size."""

BUSY = 503
"""Status of a database that another process holds, for a moment."""

MAX_SECONDS = 5.0
"""Time limit of reading one database."""
BUSY_SECONDS = 1.0
"""Time for which a read waits for a sweep that is committing."""
MAX_VALUE_BYTES = 1_000_000
"""Bytes of one value or row that SQLite may handle."""
STEPS_PER_CHECK = 20_000
"""Instructions of SQLite between two checks of the time."""
CHUNK = 500
"""Numbers in one query."""

_HEADER = b"SQLite format 3\0"
_ROLLBACK = 1
"""Byte in the header of a database with a rollback journal, as Optuna makes it; in another mode reading may write."""


class Database:
    """An open database with the one study of a sweep."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        found = self.rows("SELECT schema_version FROM version_info LIMIT 2")
        if found != [(SCHEMA,)]:
            version = printable(str(found[0][0]))[:20] if len(found) == 1 else "none"
            raise _refused(f"it must have version {SCHEMA} of Optuna's tables. Got {version}")
        studies = self.rows("SELECT study_id FROM studies LIMIT 2")
        if len(studies) != 1 or not isinstance(studies[0][0], int):
            raise _refused("it must have one study")
        self.study = studies[0][0]

    def counts(self) -> dict[str, int]:
        """Return the number of trials in each of Optuna's states."""
        query = "SELECT state, count(*) FROM trials WHERE study_id = ? GROUP BY state LIMIT 20"
        return {str(state): count for state, count in self.rows(query, (self.study,))}

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query, whose text bounds their number."""
        return self._connection.execute(query, values).fetchall()

    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, however many there are."""
        yield from self._connection.execute(query, values)

    def of_trials(self, query: str, trials: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query with ``{trials}`` in it, for any number of trials' ids."""
        for start in range(0, len(trials), CHUNK):
            some = trials[start : start + CHUNK]
            yield from self._connection.execute(query.format(trials=",".join("?" * len(some))), some)


@contextmanager
def opened(folder: Path, seconds: float | None = None) -> Iterator[Database]:
    """Yield the database of a sweep's folder, for at most `MAX_SECONDS` or ``seconds``.

    Raise Problem, in one line, if it cannot be read.
    """
    seconds = MAX_SECONDS if seconds is None else seconds
    path = _checked(folder)
    # An address and not a path, whose characters could have a meaning.
    address = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    until = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
            for setting in ("trusted_schema = off", "query_only = on", "mmap_size = 0", "temp_store = memory"):
                connection.execute(f"PRAGMA {setting}")
            connection.set_progress_handler(lambda: time.monotonic() > until, STEPS_PER_CHECK)
            # One state of the database in all queries.
            connection.execute("BEGIN")
            _check_tables(connection)
            connection.set_authorizer(_authorize)
            yield Database(connection)
    except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError) as error:
        raise _problem(error, seconds) from None


def _checked(folder: Path) -> Path:
    """Return the path of a database that can be read without writing, waiting, or following a link."""
    try:
        path = run_paths.file(folder, DATABASE)
    except Problem:
        raise Problem(404, f"{DATABASE} of this sweep must be a file. Restore it.") from None
    for ending in ("-journal", "-wal", "-shm"):
        beside = path.with_name(f"{DATABASE}{ending}")
        try:
            about = beside.lstat()
        except OSError:
            continue
        # SQLite would open it: a pipe has no end.
        if ending != "-journal" or not stat.S_ISREG(about.st_mode):
            raise _refused(f"{beside.name} beside it must not be there")
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except FileNotFoundError:
        raise Problem(404, f"{DATABASE} of this sweep must be a file. Restore it.") from None
    except OSError as error:
        raise _refused(f"it cannot be read ({(error.strerror or str(error)).lower()})") from None
    if header[:16] != _HEADER:
        raise _refused("it is not one of SQLite" if header else "it is empty")
    if header[18:20] != bytes((_ROLLBACK, _ROLLBACK)):
        raise _refused("it must have a rollback journal, as Optuna makes it")
    return path


def _check_tables(connection: sqlite3.Connection) -> None:
    """Refuse views and virtual tables under the names of tables, and columns that are computed."""
    names = ",".join(f"'{name}'" for name in sorted(TABLES))
    query = f"SELECT name, type, rootpage, substr(sql, 1, 4000) FROM sqlite_master WHERE name IN ({names}) LIMIT 100"
    found = {name: (kind, root, sql) for name, kind, root, sql in connection.execute(query)}
    for name in sorted(TABLES):
        kind, root, sql = found.get(name, ("none", 0, ""))
        if kind != "table" or not root or "generated" in str(sql).lower() or " as (" in str(sql).lower():
            raise _refused(f"it must have Optuna's table {name}")


def _authorize(action: int, first: str | None, second: str | None, _: str | None, __: str | None) -> int:
    allowed = (
        action == sqlite3.SQLITE_SELECT
        or (action == sqlite3.SQLITE_READ and first in TABLES)
        or (action == sqlite3.SQLITE_FUNCTION and second in FUNCTIONS)
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _problem(error: Exception, seconds: float) -> Problem:
    text = str(error)
    if "interrupted" in text:
        return _refused(f"it takes more than {seconds:g} s to read")
    if "locked" in text:
        return Problem(BUSY, f"{DATABASE} is being written; this page tries again.")
    if "readonly" in text:
        return Problem(
            409, f"{DATABASE} was being written when its process was killed: continue the sweep, or list its best once."
        )
    return _refused(printable(" ".join(text.split()))[:200])


def _refused(reason: str) -> Problem:
    return Problem(409, f"{DATABASE} cannot be shown: {reason}.")
