"""The lock of a run's or an experiment's folder, which is acquired without ever creating the folder."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sfumato.errors import RunError
from sfumato.runs import layout
from sfumato.runs.files import cannot_write

ACQUIRE_SECONDS = 0.25
"""Timeout of acquiring a lock, in seconds. It is not 0, because `FolderLock.is_held` shares the lock for moments."""

_HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)
"""What file systems report of a lock that another process holds."""


@contextmanager
def exclusive(folder: Path) -> Iterator[FolderLock]:
    """Hold the lock of a folder. Raises RunError if another process holds it, or it cannot be written."""
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(f"{folder} is being written by another process. Wait for it, or stop it.") from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield lock
    finally:
        lock.release()


class FolderLock:
    """A lock file in an existing folder. Its holder can tell whether the folder was deleted or moved since."""

    def __init__(self, folder: Path, name: str = layout.LOCK) -> None:
        self._folder = folder
        self._path = folder / name
        self._lock = FileLock(self._path)
        self._identity: tuple[int, int] | None = None

    def acquire(self, timeout: float = ACQUIRE_SECONDS) -> None:
        """Acquire the lock, waiting at most ``timeout`` seconds.

        Raises filelock.Timeout if another process holds it, OSError if the folder is missing.
        """
        with _open_folder(self._folder):
            before = _identity(self._folder)
            self._lock.acquire(timeout=timeout, poll_interval=0.005)
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

    def is_held(self) -> bool:
        """Return whether a process holds the lock.

        Where the system has shared locks, any number of processes can ask at the same time. Raises FileNotFoundError
        if there is no such file, OSError if it is not a regular file or permissions forbid a check.
        """
        if sys.platform == "win32":
            self._path.stat()
            try:
                self.acquire(timeout=0.02)
            except Timeout:
                return True
            self.release()
            return False
        import fcntl

        descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(self._path))
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in _HELD:
                    return True
                raise
            # Unlocked by name: a child process that was forked at this moment has the descriptor, too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)
        return False

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
