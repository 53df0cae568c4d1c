"""Atomic writes: a file appears whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.runs.elsewhere import other_output

_PARTIAL = ".*.partial"
_ABANDONED_AFTER_SECONDS = 3600.0


@contextmanager
def replacing(path: Path, *, synced: bool = True, make_parent: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to; when the block succeeds, sync the file and rename it to ``path``.

    A file that may be lost when the machine fails needs no syncing. The file's folder must exist, so that writing never
    recreates a folder that was deleted. ``make_parent``: the folder is made if it is missing; its own parent must
    exist.

    Raises RunError when the disk is full or the file cannot be written; an earlier file then stays unchanged.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
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
    name = _printable(path)
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return RunError(f"cannot write {name}: {_printable(path.parent)} is not there. It was deleted or moved.")
    suggestion = ", or ".join(text for text in ("Make room or permission there", other_output()) if text) + "."
    return RunError(f"cannot write {name}: {reason}. {suggestion}")


def gone(folder: Path) -> RunError:
    """Return an error of one line about a folder that was deleted or moved while a process wrote to it."""
    return RunError(f"{_printable(folder)} was deleted or moved while it was written; nothing more is written there.")


def _printable(path: Path) -> str:
    return shortened(str(path) if str(path).isprintable() else repr(str(path)), 300)
