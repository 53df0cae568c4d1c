"""The lock in a run's or an experiment's folder: taken without ever making the folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from sfumato.runs import layout


class FolderLock:
    """A lock file in a folder that is there. Who holds it can tell whether the folder was deleted or moved since."""

    def __init__(self, folder: Path, name: str = layout.LOCK) -> None:
        self._folder = folder
        self._path = folder / name
        self._lock = FileLock(self._path)
        self._identity: tuple[int, int] | None = None

    def acquire(self) -> None:
        """Take it now. Raises filelock.Timeout where another process holds it, OSError where there is no folder."""
        with _kept(self._folder):
            before = _identity(self._folder)
            self._lock.acquire(timeout=0)
            # filelock makes missing folders. What was deleted in this very moment must not come back.
            try:
                same = _identity(self._folder) == before
            except OSError:
                same = False
        if not same:
            self._lock.release()
            with suppress(OSError):
                self._path.unlink()
            with suppress(OSError):
                self._folder.rmdir()
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._folder))
        self._identity = _identity(self._path)

    def release(self) -> None:
        """Let others have it."""
        self._lock.release()

    @property
    def is_in_place(self) -> bool:
        """Whether the file that was locked is still where it was."""
        with suppress(OSError):
            return _identity(self._path) == self._identity
        return False


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Open, so that no other folder gets its number meanwhile. Raises OSError where there is none."""
    if not hasattr(os, "O_DIRECTORY"):
        yield
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield
    finally:
        os.close(opened)


def _identity(path: Path) -> tuple[int, int]:
    """Of a file or folder. Raises OSError where there is none."""
    about = path.stat()
    return about.st_dev, about.st_ino
