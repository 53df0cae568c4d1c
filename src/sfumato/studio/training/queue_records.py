"""The runs that wait for cores, in order: one signed file per run, under ``.studio/queue`` in the folder of runs.

So a queue outlives its server, and every page can tell how many runs are ahead of one.

Folders of runs are copied, unpacked, and shared, and opening one must not start any training. So a record is signed
with a key from the user's own state folder, for the run's folder and recipe; records without a valid signature are
ignored.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError

from sfumato.errors import RunError
from sfumato.runs import run_json
from sfumato.runs.files import remove, write_bytes
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.request_bodies import Body

KEY_BYTES = 32

FOLDER = "queue"
MAX_RECORDS = 1000
"""Records that are read."""
_MAX_BYTES = 4096
_LOCK = threading.Lock()
_CACHE: dict[Path, tuple[int, tuple[QueuedRun, ...]]] = {}
"""Cached entries, by the folder's modification time: pages request them several times per second."""


def sign(text: str) -> str:
    """Return this user's signature (HMAC-SHA256) of a text."""
    return hmac.new(_key(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def verify(text: str, signature: str) -> bool:
    """Return whether ``signature`` is this user's signature of a text."""
    return hmac.compare_digest(sign(text).encode(), signature.encode("utf-8", "replace"))


@cache
def _key() -> bytes:
    """Return the key; if it cannot be stored, one for this process alone."""
    path = Path(platformdirs.user_state_path("sfumato")) / "studio.key"
    new = secrets.token_bytes(KEY_BYTES)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(new)
            # A link is atomic, and fails if there is a key: another studio may be starting.
            with suppress(FileExistsError):
                os.link(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        found = path.read_bytes()
        if len(found) == KEY_BYTES:
            return found
    return new


@dataclass(frozen=True)
class QueuedRun:
    """One run in the queue."""

    record: Path
    name: str


class _Record(Body):
    name: str = Field(min_length=1, max_length=3 * run_paths.MAX_BYTES)
    seal: str = Field(min_length=1, max_length=128)


def add(runs: Path, name: str) -> None:
    """Append a run to the queue unless it is there. Raise Problem or RunError if its record cannot be written."""
    with _LOCK:
        if any(each.name == name for each in _read(runs)):
            return
        folder = run_paths.studio_folder(runs, FOLDER)
        for path in _records(runs):
            # Remove records of runs that started, or were deleted, while a studio was killed.
            if _name(runs, path) is None:
                remove(path)
        record = _Record(name=run_paths.encode(name), seal=sign(_signed_text(runs, name)))
        write_bytes(folder / f"{time.time_ns():020d}-{os.urandom(4).hex()}.json", record.model_dump_json().encode())
        _CACHE.pop(runs, None)


def drop(runs: Path, name: str) -> bool:
    """Remove a run from the queue, and return whether it was there. Raise RunError."""
    with _LOCK:
        # By name alone: a started run has a resolved recipe, for which the signature no longer holds.
        records = ((path, _record(path)) for path in _records(runs))
        found = [path for path, record in records if record is not None and run_paths.decode(record.name) == name]
        for path in found:
            remove(path)
        _CACHE.pop(runs, None)
        return bool(found)


def queued_runs(runs: Path) -> Sequence[QueuedRun]:
    """Return the runs in the queue, the next one first."""
    with _LOCK:
        return _read(runs)


def position(runs: Path, name: str) -> int | None:
    """Return how many runs are ahead of one; None if it does not wait."""
    return next((number for number, each in enumerate(queued_runs(runs)) if each.name == name), None)


def _read(runs: Path) -> tuple[QueuedRun, ...]:
    try:
        modified = (runs / ".studio" / FOLDER).lstat().st_mtime_ns
    except OSError:
        return ()
    cached = _CACHE.get(runs)
    if cached is not None and cached[0] == modified:
        return cached[1]
    found: dict[str, QueuedRun] = {}
    for path in _records(runs):
        name = _name(runs, path)
        if name is not None:
            found.setdefault(name, QueuedRun(path, name))
    # Modification times have steps of some milliseconds: recent changes are read again.
    if time.time_ns() - modified > 1_000_000_000:
        _CACHE[runs] = modified, tuple(found.values())
    return tuple(found.values())


def _records(runs: Path) -> list[Path]:
    try:
        return sorted(each for each in (runs / ".studio" / FOLDER).iterdir() if each.suffix == ".json")[:MAX_RECORDS]
    except OSError:
        return []


def _record(path: Path) -> _Record | None:
    try:
        with run_paths.file(path.parent, path.name).open("rb") as file:
            return _Record.model_validate_json(file.read(_MAX_BYTES))
    except (OSError, Problem, ValidationError):
        return None


def _name(runs: Path, path: Path) -> str | None:
    """Return the name of a record's run, if the record is signed by this user; else None."""
    record = _record(path)
    with suppress(Problem, RunError):
        if record is not None and verify(_signed_text(runs, name := run_paths.decode(record.name)), record.seal):
            return name
    return None


def _signed_text(runs: Path, name: str) -> str:
    """Return the signed text of a record: the folder of runs, the run's name, its recipe, and its picture."""
    found = run_json.read(run_paths.folder(runs, run_paths.encode(name)))
    return json.dumps([str(runs.resolve()), name, found.get("recipe"), found.get("picture")], sort_keys=True)
