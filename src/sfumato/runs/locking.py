"""The lock of a run's or an experiment's folder, which is acquired without ever creating the folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from sfumato.runs import layout


class FolderLock:
    """A lock file in an existing folder. Its holder can tell whether the folder was deleted or moved since."""

    def __init__(self, folder: Path, name: str = layout.LOCK) -> None:
        self._folder = folder
        self._path = folder / name
        self._lock = FileLock(self._path)
        self._identity: tuple[int, int] | None = None

    def acquire(self) -> None:
        """Acquire the lock without waiting.

        Raises filelock.Timeout if another process holds it, OSError if the folder is missing.
        """
        with _open_folder(self._folder):
            before = _identity(self._folder)
            self._lock.acquire(timeout=0)
            # filelock creates missing folders. A folder deleted at this very moment must not be recreated.
            try:
                unchanged = _identity(self._folder) == before
            except OSError:
                unchanged = False
        if not unchanged:
            self._lock.release()
            with suppress(OSError):
                self._path.unlink()
            with suppress(OSError):
                self._folder.rmdir()
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._folder))
        self._identity = _identity(self._path)

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    @property
    def is_in_place(self) -> bool:
        """True if the locked file still exists at its path."""
        with suppress(OSError):
            return _identity(self._path) == self._identity
        return False


@contextmanager
def _open_folder(folder: Path) -> Iterator[None]:
    """Keep the folder open, so that its inode number is not reused meanwhile. Raises OSError if it is missing."""
    if not hasattr(os, "O_DIRECTORY"):
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield
    finally:
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, int]:
    """Return the device and inode numbers of a file or folder. Raises OSError if it is missing."""
    status = path.stat()
    return status.st_dev, status.st_ino
