"""Asking a running training to pause, go on or stop: through a file in its folder, from any process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from filelock import Timeout

from sfumato.errors import RunError
from sfumato.runs import layout
from sfumato.runs.atomic import cannot_write, remove, write_bytes
from sfumato.runs.locking import FolderLock
from sfumato.runs.regular import read_bytes

Request = Literal["pause", "stop", "resume"]


def ask(folder: Path, request: Request) -> None:
    """Leave a request for the process that trains this run. Raises RunError when nobody trains it."""
    if not is_live(folder):
        raise RunError(f"{folder} must be training to be asked to {request}. Got a run that no process works on.")
    write_bytes(folder / layout.REQUEST, request.encode())


def asked(folder: Path) -> Request | None:
    """The request that lies in the folder, or None."""
    try:
        text = read_bytes(folder / layout.REQUEST, 100).decode()
    except (OSError, ValueError):
        return None
    return next((request for request in get_args(Request) if request == text), None)


def clear(folder: Path) -> None:
    """Take the request away. Raises RunError when it cannot be removed."""
    remove(folder / layout.REQUEST)


def is_live(folder: Path) -> bool:
    """Whether a process holds the run's lock. Raises RunError where it may not be taken, so that nobody can know."""
    if not (folder / layout.LOCK).exists():
        return False
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except Timeout:
        return True
    except FileNotFoundError:
        # Deleted in this very moment.
        return False
    except OSError as error:
        raise cannot_write(folder / layout.LOCK, error) from error
    lock.release()
    return False
