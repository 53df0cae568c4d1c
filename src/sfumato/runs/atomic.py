"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfumato.errors import RunError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A partial name to write to; when the block ends well the file is synced and takes its place as ``path``.

    Raises RunError when the disk is full or does not let it be written; an earlier file then stays as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file. Raises RunError when it cannot."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def cannot_write(path: Path, error: OSError) -> RunError:
    """One line that says what could not be written, why, and what to do."""
    reason = (error.strerror or str(error)).lower()
    return RunError(f"cannot write {path}: {reason}. Make room or permission there, or choose another folder (--runs).")
