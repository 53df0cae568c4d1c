"""Files: read only if they are regular, written as a whole or not at all; messages about unwritable ones."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from sfumato import memory
from sfumato.errors import RunError
from sfumato.formatting import shortened

_FLAG: ContextVar[str] = ContextVar("flag", default="--runs")

_PARTIAL = ".*.partial"
_ABANDONED_AFTER_SECONDS = 3600.0


@contextmanager
def output_flag(flag: str) -> Iterator[None]:
    """Set the flag that selects where the block writes its files; empty if there is no such flag."""
    before = _FLAG.set(flag)
    try:
        yield
    finally:
        _FLAG.reset(before)


def other_output(kind: str = "folder") -> str:
    """Return ``choose another folder (--runs)``, for the end of a message; empty if there is no such flag."""
    flag = _FLAG.get()
    return f"choose another {kind} ({flag})" if flag else ""


def require_regular(path: Path) -> Path:
    """Return the path of a regular file. Raises OSError for anything else, and for a missing file.

    Opening a pipe would wait forever, and a device has no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return path


def check_fits(path: Path) -> None:
    """Raise ValueError if a file has more bytes than fit into memory; most of them may be a hole of a sparse file."""
    size, limit = path.stat().st_size, memory.task_limit()
    if limit is not None and size > limit:
        raise ValueError(f"it has {memory.text(size)}, and {memory.text(limit)} of memory may be used")


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Read a regular file of at most ``max_bytes`` bytes. Raises OSError, also if it is larger."""
    with require_regular(path).open("rb") as file:
        # The size is not checked in advance, since the file may grow meanwhile.
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes:,} bytes")
    return data


@contextmanager
def replacing(path: Path, *, synced: bool = True, make_parent: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to; when the block succeeds, sync the file and rename it to ``path``.

    A file that may be lost when the machine fails needs no syncing. The file's folder must exist, so that writing never
    recreates a folder that was deleted. ``make_parent``: the folder is made if it is missing; its own parent must
    exist.

    Raises RunError when the disk is full or the file cannot be written; an earlier file then stays unchanged.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        if make_parent:
            path.parent.mkdir(exist_ok=True)
        yield partial
        if synced:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, synced: bool = True, make_parent: bool = False) -> None:
    """Write a file atomically, as `replacing` does. Raises RunError when it cannot be written."""
    with replacing(path, synced=synced, make_parent=make_parent) as partial:
        partial.write_bytes(data)


def remove(path: Path) -> None:
    """Remove a file if it exists. Raises RunError when it cannot be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_partial_files(folder: Path, names: Collection[str]) -> None:
    """Remove the partial files that killed processes left in a run's folder.

    At the top of the folder, only partial files of ``names`` are removed at once, since only the holder of the lock
    writes those. Another process may be making a film there, so other partial files are removed when they have not
    been touched for an hour. Raises RunError.
    """
    for path in folder.rglob(_PARTIAL):
        name = path.name.removeprefix(".").rsplit(".", 2)[0]
        try:
            abandoned = time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS
            if path.parent != folder or name in names or abandoned:
                remove(path)
        except FileNotFoundError:
            continue


def cannot_write(path: Path, error: OSError) -> RunError:
    """Return an error of one line: the file that could not be written, the reason, and what to do."""
    reason = (error.strerror or str(error)).lower()
    name = printable(path)
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return RunError(f"cannot write {name}: {printable(path.parent)} is not there. It was deleted or moved.")
    suggestion = ", or ".join(text for text in ("Make room or permission there", other_output()) if text) + "."
    return RunError(f"cannot write {name}: {reason}. {suggestion}")


def gone(folder: Path) -> RunError:
    """Return an error of one line about a folder that was deleted or moved while a process wrote to it."""
    return RunError(f"{printable(folder)} was deleted or moved while it was written; nothing more is written there.")


def printable(path: Path) -> str:
    """Return a path for a message: with what cannot be printed or encoded as UTF-8 escaped, and not too long."""
    return shortened(str(path) if str(path).isprintable() else repr(str(path)), 300)
