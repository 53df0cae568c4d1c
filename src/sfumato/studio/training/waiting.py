"""The runs that wait for a core: which, in what order. A file each, under ``.studio/queue`` in the folder of runs.

So a queue outlives its server, and every page can tell how many are before a run. A record bears its user's seal on the
run's place and recipe: others are nobody's.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from sfumato.errors import RunError
from sfumato.runs import facts
from sfumato.runs.atomic import remove, write_bytes
from sfumato.studio.training import seal
from sfumato.studio.web import names
from sfumato.studio.web.bodies import Body
from sfumato.studio.web.problems import Problem

FOLDER = "queue"
MOST = 1000
"""Records that are looked at."""
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Place:
    """One run's in the queue."""

    record: Path
    name: str


class _Record(Body):
    name: str = Field(min_length=1, max_length=3 * names.MOST)
    seal: str = Field(min_length=1, max_length=128)


_LOCK = threading.Lock()
_KNOWN: dict[Path, tuple[int, tuple[Place, ...]]] = {}
"""What was read, by the folder's time: pages ask several times a second."""


def add(runs: Path, name: str) -> None:
    """Put a run at the end, unless it has a place. Raises Problem or RunError where it cannot be written."""
    with _LOCK:
        if any(each.name == name for each in _read(runs)):
            return
        folder = names.own_folder(runs, FOLDER)
        for path in _records(runs):
            # Of runs that began, or are gone, while a studio was killed.
            if _name(runs, path) is None:
                remove(path)
        record = _Record(name=names.encoded(name), seal=seal.seal(_sealed(runs, name)))
        write_bytes(folder / f"{time.time_ns():020d}-{os.urandom(4).hex()}.json", record.model_dump_json().encode())
        _KNOWN.pop(runs, None)


def drop(runs: Path, name: str) -> bool:
    """Take a run out; whether it was in. Raises RunError."""
    with _LOCK:
        # By its name alone: of a run that has begun the recipe is resolved, and the seal broken.
        records = ((path, _record(path)) for path in _records(runs))
        found = [path for path, record in records if record is not None and names.decoded(record.name) == name]
        for path in found:
            remove(path)
        _KNOWN.pop(runs, None)
        return bool(found)


def places(runs: Path) -> Sequence[Place]:
    """All, the next one first."""
    with _LOCK:
        return _read(runs)


def before(runs: Path, name: str) -> int | None:
    """How many are before a run; None where it does not wait."""
    return next((number for number, each in enumerate(places(runs)) if each.name == name), None)


def _read(runs: Path) -> tuple[Place, ...]:
    try:
        written = (runs / ".studio" / FOLDER).lstat().st_mtime_ns
    except OSError:
        return ()
    known = _KNOWN.get(runs)
    if known is not None and known[0] == written:
        return known[1]
    found: dict[str, Place] = {}
    for path in _records(runs):
        name = _name(runs, path)
        if name is not None:
            found.setdefault(name, Place(path, name))
    # A folder's time counts in steps of some milliseconds: what was written just now is read again.
    if time.time_ns() - written > 1_000_000_000:
        _KNOWN[runs] = written, tuple(found.values())
    return tuple(found.values())


def _records(runs: Path) -> list[Path]:
    try:
        return sorted(each for each in (runs / ".studio" / FOLDER).iterdir() if each.suffix == ".json")[:MOST]
    except OSError:
        return []


def _record(path: Path) -> _Record | None:
    try:
        with names.file(path.parent, path.name).open("rb") as file:
            return _Record.model_validate_json(file.read(_MOST_BYTES))
    except (OSError, Problem, ValidationError):
        return None


def _name(runs: Path, path: Path) -> str | None:
    """The run's, where the record is this user's."""
    record = _record(path)
    with suppress(Problem, RunError):
        if record is not None and seal.holds(_sealed(runs, name := names.decoded(record.name)), record.seal):
            return name
    return None


def _sealed(runs: Path, name: str) -> str:
    """What a record is about: this run here, with the recipe that it has."""
    found = facts.read(names.folder(runs, names.encoded(name)))
    return json.dumps([str(runs.resolve()), name, found.get("recipe"), found.get("picture")], sort_keys=True)
