"""Deleting runs: only intact run folders, directly in the folder of runs, that no process holds."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import Timeout

from sfumato.errors import RunError
from sfumato.runs import layout, listing, run_json
from sfumato.runs.entry import DAMAGED, Entry, is_held
from sfumato.runs.locking import FolderLock

STATES = ("failed", "interrupted", "diverged", "stopped", "done", "queued")
"""States of runs that may be deleted. An active run must not be, and a damaged folder may hold anything."""

WAITS = (0.0, 0.05, 0.2, 0.5, None)
"""Seconds between attempts to remove a folder in which a process creates files; None after the last."""


def parse_states(text: str) -> list[str]:
    """Parse ``failed,interrupted`` as a list. Raises RunError for a word that is not in `STATES`."""
    states = [word.strip() for word in text.split(",")]
    for word in states:
        if word not in STATES:
            raise RunError(f"state must be some of {','.join(STATES)}. Got {word!r}.")
    return states


def select(runs: Path, states: Collection[str], older_than: float | None = None, keep: int = 0) -> list[Entry]:
    """Return the runs in one of the states but for the newest ``keep``, if not active for ``older_than`` days."""
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
        # The limit lies before the year 1, and so before every run.
        return []
    return [each for each in found if each.active is not None and each.active < latest]


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder, without following links."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            # An active training may have replaced the file meanwhile.
            with contextlib.suppress(OSError):
                total += Path(parent, name).lstat().st_size
    return total


def delete(entry: Entry, runs: Path) -> None:
    """Delete a run's folder while holding its lock. Links in it are removed, but not their targets.

    Raises RunError when the folder is not that of a run in ``runs``, a process holds it, its state has changed since it
    was listed, or a file cannot be deleted.
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
        # The run may have been resumed and finished since it was listed.
        if run_json.read(folder).get("status") != entry.status:
            raise RunError(f"{folder} has another state than when it was listed. Nothing of it was deleted.")
        for path in folder.iterdir():
            # run.json is deleted last: after an interruption the rest is still a run, which can be deleted again.
            if path.name not in (layout.LOCK, layout.RUN):
                _remove(path)
        (folder / layout.RUN).unlink()
        if sys.platform != "win32":
            _remove_rest(folder)
    except OSError as error:
        raise _cannot_delete(folder, error) from error
    finally:
        lock.release()
    if sys.platform == "win32":
        # A locked file cannot be removed there.
        try:
            _remove_rest(folder)
        except OSError as error:
            raise _cannot_delete(folder, error) from error


def _remove_rest(folder: Path) -> None:
    """Remove the folder with its lock, and with files that a process finishes in it: a film, a curve."""
    for wait in WAITS:
        try:
            for path in folder.iterdir():
                _remove(path)
            folder.rmdir()
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or wait is None:
                raise
        else:
            return
        time.sleep(wait or 0.0)
    raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(folder))


def _remove(path: Path) -> None:
    # rmtree refuses a link, and follows no link inside the folder.
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        # The process that wrote it may have renamed it.
        path.unlink(missing_ok=True)


def _cannot_delete(folder: Path, error: OSError) -> RunError:
    if error.errno == errno.ENOTEMPTY:
        return RunError(f"cannot delete {folder}: a process still writes to it. Wait for it, and delete it again.")
    reason = (error.strerror or str(error)).lower()
    return RunError(f"cannot delete {folder}: {reason}. Check its owner and permissions.")
