"""One run in a list: what its run.json says in short, and whether its process still lives."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.recipe.summary import differences
from sfumato.runs import facts, layout, requests
from sfumato.runs.regular import regular

DAMAGED = "damaged"
INTERRUPTED = "interrupted"
QUEUED = "queued"
"""Asked for, and not begun: see `queued`."""
LIVE = ("running", "paused")
"""States of a run that a process works on; without the process it was interrupted."""

_TAIL = 65536


@dataclass(frozen=True)
class Entry:
    """One run in a list."""

    folder: Path
    state: str
    """As run.json has it, or ``interrupted`` or ``damaged``."""
    status: str = ""
    """As run.json has it."""
    picture: str = ""
    differences: Mapping[str, str] | None = None
    """Of its recipe from the default one: {"model.depth": "6"}."""
    engine: str = ""
    psnr: float | None = None
    """dB, of the result or of the last evaluation so far."""
    seconds: float | None = None
    """Of training."""
    width: int | None = None
    height: int | None = None
    """Pixels of the picture."""
    started: datetime | None = None
    active: datetime | None = None
    """When it ended, or last wrote something."""
    problem: str = ""
    """Why it is damaged."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def shown(self) -> str:
        """The name as it may be printed."""
        return printable(self.name)

    @property
    def difference(self) -> str:
        """``model.depth=6 seed=7``; of a damaged folder the reason."""
        return self.problem or " ".join(f"{name}={value}" for name, value in (self.differences or {}).items())

    def as_json(self) -> dict[str, Any]:
        """Plain data for programs."""
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
    """One run's line in a list; whatever its folder holds, this raises nothing."""
    try:
        return _entry(folder, facts.read(folder))
    except (RunError, OSError, RecursionError) as error:
        problem = str(error).removeprefix(f"{folder} must be a run's folder: ").removeprefix(f"{folder}/")
        if is_held(folder, unknown=False):
            # Its process has made the folder and not yet written what it is.
            return Entry(folder, "running", active=_written(folder))
        return Entry(folder, DAMAGED, active=_written(folder), problem=printable(" ".join(problem.split())))


def is_held(folder: Path, *, unknown: bool = True) -> bool:
    """Whether a process holds the run's lock; ``unknown`` where this user may not ask, or the lock is a link."""
    if (folder / layout.LOCK).is_symlink():
        return unknown
    try:
        return requests.is_live(folder)
    except (RunError, OSError):
        return unknown


def _entry(folder: Path, found: dict[str, Any]) -> Entry:
    state, recipe = found.get("status"), found.get("recipe")
    if not isinstance(state, str) or not isinstance(recipe, dict):
        return Entry(folder, DAMAGED, active=_written(folder), problem=f"{layout.RUN} has no status or no recipe")
    status = state
    if state in LIVE and not is_held(folder):
        state = INTERRUPTED
    figures = found.get("result") or _last_figures(folder)
    picture = _at(recipe, "picture", "source")
    return Entry(
        folder,
        printable(state),
        status=status,
        picture=printable(picture) if isinstance(picture, str) else "",
        differences={printable(name): printable(value) for name, value in differences(recipe).items()},
        engine=printable(str(recipe.get("engine", ""))),
        psnr=_number(_at(figures, "psnr")),
        seconds=_number(_at(figures, "seconds")),
        width=_side(_at(found, "picture", "width")),
        height=_side(_at(found, "picture", "height")),
        started=_moment(found.get("started")),
        active=_moment(found.get("finished")) or _written(folder),
    )


def _last_figures(folder: Path) -> Any:
    """The last whole line of the metrics of a run without a result; None where there is none."""
    try:
        with regular(folder / layout.METRICS).open("rb") as file:
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
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if fits and abs(value) < 1e300 else None


def _side(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 1e9 else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(folder: Path) -> datetime | None:
    times: list[float] = []
    for name in (layout.RUN, layout.METRICS, ""):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return datetime.fromtimestamp(max(times), UTC) if times else None


def printable(text: str) -> str:
    """The text without what could act on a terminal."""
    # A file's name may hold what moves a terminal's cursor.
    return "".join(letter if letter.isprintable() else "?" for letter in text)
