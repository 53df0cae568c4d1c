"""Entries of a list of runs: a summary of run.json, and whether the run's process is alive."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.recipe.summary import differences
from sfumato.runs import layout, requests, run_json
from sfumato.runs.files import require_regular

DAMAGED = "damaged"
INTERRUPTED = "interrupted"
QUEUED = "queued"
"""State of a run that has not started; `queued` reads it."""
LIVE = ("running", "paused")
"""States of a run that a process holds; without the process the run was interrupted."""

_TAIL = 65536
_MAX_DIFFERENCES = 100
_MAX_TEXT = 300


@dataclass(frozen=True)
class Entry:
    """One run in a list."""

    folder: Path
    state: str
    """The status in run.json, or ``interrupted`` or ``damaged``."""
    status: str = ""
    """The status in run.json."""
    picture: str = ""
    differences: Mapping[str, str] | None = None
    """Differences of its recipe from the default recipe, such as {"model.depth": "6"}."""
    engine: str = ""
    psnr: float | None = None
    """In dB, of the result or of the last evaluation so far."""
    seconds: float | None = None
    """Training time."""
    width: int | None = None
    height: int | None = None
    """Size of the picture in pixels."""
    started: datetime | None = None
    active: datetime | None = None
    """End of the training, or time of the last written file."""
    problem: str = ""
    """The reason why it is damaged."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def printable_name(self) -> str:
        """The folder's name without unprintable characters."""
        return printable(self.name)

    @property
    def difference(self) -> str:
        """Differences as text, such as ``model.depth=6 seed=7``; for a damaged folder, the reason."""
        return self.problem or " ".join(f"{name}={value}" for name, value in (self.differences or {}).items())

    def as_json(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "state": self.state,
            "picture": self.picture,
            "engine": self.engine,
            "differences": dict(self.differences or {}),
            "psnr": self.psnr,
            "seconds": self.seconds,
            "started": None if self.started is None else self.started.isoformat(),
            "problem": self.problem,
        }


def read(folder: Path) -> Entry:
    """Return the entry of a run. It never raises, whatever the folder holds."""
    try:
        return _entry(folder, run_json.read(folder))
    except (RunError, OSError, RecursionError) as error:
        problem = str(error).removeprefix(f"{folder} must be a run's folder: ").removeprefix(f"{folder}/")
        if is_held(folder, unknown=False):
            # Its process has made the folder and not yet written run.json.
            return Entry(folder, "running", active=_last_written(folder))
        return Entry(folder, DAMAGED, active=_last_written(folder), problem=printable(" ".join(problem.split())))


def is_held(folder: Path, *, unknown: bool = True) -> bool:
    """Return whether a process holds the run's lock; ``unknown`` if that cannot be checked, or the lock is a link."""
    if (folder / layout.LOCK).is_symlink():
        return unknown
    try:
        return requests.is_live(folder)
    except (RunError, OSError):
        return unknown


def _entry(folder: Path, found: dict[str, Any]) -> Entry:
    state, recipe = found.get("status"), found.get("recipe")
    if not isinstance(state, str) or not isinstance(recipe, dict):
        return Entry(folder, DAMAGED, active=_last_written(folder), problem=f"{layout.RUN} has no status or no recipe")
    status = state
    if state in LIVE and not is_held(folder):
        state = INTERRUPTED
    last = found.get("result") or _last_metrics(folder)
    picture = _at(recipe, "picture", "source")
    return Entry(
        folder,
        printable(state),
        status=status,
        picture=printable(picture) if isinstance(picture, str) else "",
        differences=_shown(differences(recipe)),
        engine=printable(str(recipe.get("engine", ""))),
        psnr=_number(_at(last, "psnr")),
        seconds=_number(_at(last, "seconds")),
        width=_side(_at(found, "picture", "width")),
        height=_side(_at(found, "picture", "height")),
        started=_time(found.get("started")),
        active=_time(found.get("finished")) or _last_written(folder),
    )


def _shown(found: Mapping[str, str]) -> dict[str, str]:
    """Return the differences as a list shows them: a recipe of another version, or a damaged one, may have any."""
    first = itertools.islice(found.items(), _MAX_DIFFERENCES)
    return {printable(shortened(name)): printable(shortened(value, _MAX_TEXT)) for name, value in first}


def _last_metrics(folder: Path) -> Any:
    """Return the last complete line of a run's metrics, or None."""
    try:
        with require_regular(folder / layout.METRICS).open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
            lines = file.read().split(b"\n")[:-1]
        return json.loads(lines[-1])
    except (OSError, ValueError, IndexError, RecursionError):
        return None


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e300 else None


def _side(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 1e9 else None


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _last_written(folder: Path) -> datetime | None:
    times: list[float] = []
    for name in (layout.RUN, layout.METRICS, ""):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    try:
        return datetime.fromtimestamp(max(times), UTC) if times else None
    except (ValueError, OverflowError, OSError):
        # Some file systems store times before the year 1 and after 9999.
        return None


def printable(text: str) -> str:
    """Return the text with unprintable characters replaced by ``?``."""
    # A file's name may contain control sequences that move a terminal's cursor.
    return "".join(char if char.isprintable() else "?" for char in text)
