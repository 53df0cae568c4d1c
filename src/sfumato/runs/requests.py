"""Requests to pause, resume, or stop an active training, from any process, through a file in the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from sfumato.errors import RunError
from sfumato.runs import layout
from sfumato.runs.files import cannot_write, read_bytes, remove, write_bytes
from sfumato.runs.locking import FolderLock

Request = Literal["pause", "stop", "resume"]


def send(folder: Path, request: Request) -> None:
    """Send a request to the process that trains this run. Raises RunError if no process does."""
    if not is_live(folder):
        raise RunError(f"cannot {request}: {folder} must be training. Got a run that no process works on.")
    write_bytes(folder / layout.REQUEST, request.encode())


def pending(folder: Path) -> Request | None:
    """Return the request in the folder, or None."""
    try:
        text = read_bytes(folder / layout.REQUEST, 100).decode()
    except (OSError, ValueError):
        return None
    return next((request for request in get_args(Request) if request == text), None)


def clear(folder: Path) -> None:
    """Remove the request. Raises RunError when it cannot be removed."""
    remove(folder / layout.REQUEST)


def is_live(folder: Path) -> bool:
    """Return whether a process holds the run's lock. Raises RunError if permissions forbid a check."""
    try:
        return FolderLock(folder).is_held()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise cannot_write(folder / layout.LOCK, error) from error
