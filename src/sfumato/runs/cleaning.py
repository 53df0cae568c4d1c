"""Deleting runs: only whole run folders, directly in one folder, that no process works on."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import Timeout

from sfumato.errors import RunError
from sfumato.runs import facts, layout, listing
from sfumato.runs.entry import DAMAGED, Entry, is_held
from sfumato.runs.locking import FolderLock

STATES = ("failed", "interrupted", "diverged", "stopped", "done", "queued")
"""Of runs that may be deleted. One that runs is not, and a damaged folder may hold anything."""


def states_of(text: str) -> list[str]:
    """``failed,interrupted`` as a list. Raises RunError for a word that is not in `STATES`."""
    wanted = [word.strip() for word in text.split(",")]
    for word in wanted:
        if word not in STATES:
            raise RunError(f"state must be some of {','.join(STATES)}. Got {word!r}.")
    return wanted


def chosen(runs: Path, states: Collection[str], older_than: float | None = None, keep: int = 0) -> list[Entry]:
    """What would be deleted: runs in one of these states, untouched for so many days, but for the newest ``keep``."""
    found = [
        each
        for each in listing.entries(runs)
        if each.state in states and each.state != DAMAGED and not each.folder.is_symlink() and not is_held(each.folder)
    ][keep:]
    if older_than is None:
        return found
    try:
        latest = datetime.now(UTC) - timedelta(days=older_than)
    except OverflowError:
        # Before the year 1 nobody painted.
        return []
    return [each for each in found if each.active is not None and each.active < latest]


def size(folder: Path) -> int:
    """Bytes of all files in a folder; no link is followed."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            # A training that goes on may have replaced the file meanwhile.
            with contextlib.suppress(OSError):
                total += Path(where, name).lstat().st_size
    return total


def delete(entry: Entry, runs: Path) -> None:
    """Delete a run's folder, holding its lock meanwhile. Links in it go, what they lead to stays.

    Raises RunError when the folder is not a run's in ``runs``, a process works on it, it has changed since it was
    listed, or a file cannot be deleted.
    """
    folder = entry.folder
    if folder.is_symlink() or folder.parent != runs:
        raise RunError(f"{folder} must be a folder in {runs} itself to be deleted, not a link. Nothing was deleted.")
    if (folder / layout.LOCK).is_symlink() or (folder / layout.RUN).is_symlink():
        raise RunError(f"{folder} must have a lock and a {layout.RUN} of its own, not links. Nothing was deleted.")
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(f"{folder} must be idle to be deleted. Got a process that works on it.") from None
    except OSError as error:
        raise _cannot_delete(folder, error) from error
    try:
        # Between the list and this moment someone may have taken it up again and finished it.
        if facts.read(folder).get("status") != entry.status:
            raise RunError(f"{folder} has another state than when it was listed. Nothing of it was deleted.")
        for path in folder.iterdir():
            # run.json goes last: when this is interrupted, the rest is still a run and can be cleaned again.
            if path.name not in (layout.LOCK, layout.RUN):
                _remove(path)
        (folder / layout.RUN).unlink()
    except OSError as error:
        raise _cannot_delete(folder, error) from error
    finally:
        lock.release()
    with contextlib.suppress(FileNotFoundError):
        (folder / layout.LOCK).unlink()
    try:
        folder.rmdir()
    except OSError as error:
        raise _cannot_delete(folder, error) from error


def _remove(path: Path) -> None:
    # rmtree itself refuses a link, and follows none inside.
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _cannot_delete(folder: Path, error: OSError) -> RunError:
    reason = (error.strerror or str(error)).lower()
    return RunError(f"cannot delete {folder}: {reason}. Look at its owner and permissions.")
