"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.runs.elsewhere import elsewhere

_PARTIAL = ".*.partial"
_SECONDS_AFTER_WHICH_NOBODY_WRITES = 3600.0


@contextmanager
def replacing(path: Path, *, synced: bool = True, part: bool = False) -> Iterator[Path]:
    """A partial name to write to; when the block ends well the file is synced and takes its place as ``path``.

    What may be lost when the machine fails, but never be seen in part, needs no syncing. The file's folder must be
    there: writing brings none back that was deleted. ``part``: the folder is a part of another one, which must be
    there, and is made in it where it is missing.

    Raises RunError when the disk is full or does not let it be written; an earlier file then stays as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if part:
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


def write_bytes(path: Path, data: bytes, *, synced: bool = True, part: bool = False) -> None:
    """Write a whole file, as `replacing` does. Raises RunError when it cannot."""
    with replacing(path, synced=synced, part=part) as partial:
        partial.write_bytes(data)


def remove(path: Path) -> None:
    """Remove a file, if it is there. Raises RunError when it cannot be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def sweep(folder: Path, names: Collection[str]) -> None:
    """Remove the partial files that killed processes left in a run's folder.

    At its top only those of ``names`` at once, which the lock's holder alone writes: another process may be making a
    film there, so that other partial files go when they have not been touched for an hour. Raises RunError.
    """
    for path in folder.rglob(_PARTIAL):
        name = path.name.removeprefix(".").rsplit(".", 2)[0]
        try:
            long_ago = time.time() - path.stat().st_mtime > _SECONDS_AFTER_WHICH_NOBODY_WRITES
            if path.parent != folder or name in names or long_ago:
                remove(path)
        except FileNotFoundError:
            continue


def cannot_write(path: Path, error: OSError) -> RunError:
    """One line that says what could not be written, why, and what to do."""
    reason = (error.strerror or str(error)).lower()
    name = _shown(path)
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return RunError(f"cannot write {name}: {_shown(path.parent)} is not there. It was deleted, or moved.")
    remedy = ", or ".join(part for part in ("Make room or permission there", elsewhere()) if part) + "."
    return RunError(f"cannot write {name}: {reason}. {remedy}")


def gone(folder: Path) -> RunError:
    """One line about a folder that was deleted or moved while a process wrote it."""
    return RunError(f"{_shown(folder)} was deleted or moved while it was written; nothing more is written there.")


def _shown(path: Path) -> str:
    return shortened(str(path) if str(path).isprintable() else repr(str(path)), 300)
