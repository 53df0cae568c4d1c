"""The sweeps of one folder, their pages, and their list, all read anew only when something was written."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter

from sfumato.runs.entry import is_held, printable
from sfumato.studio.sweeps import database, page, spec_file
from sfumato.studio.sweeps.spec_file import BETTER, DATABASE, SPEC, WORST
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import UNEXPECTED, Problem, unexpected_problem

MAX_LISTED = 200
"""Sweeps in the list, those that were written last."""
MAX_PAGES = 8
"""Pages that are cached."""
MAX_LIST_SECONDS = 3.0
"""Time for which databases are read for one list; what is left out of it is read for the next one."""
MAX_LINE_SECONDS = 1.0
"""Time limit of reading one database for the list."""
REST = 20.0
"""Time between two reads of a database, in multiples of how long the last one took: the sweep needs the processor."""


@dataclass(frozen=True)
class _Read:
    """What was read of a sweep: the JSON of its page, or its line in the list."""

    key: tuple[int, ...]
    until: float
    seconds: float
    value: Any
    problem: Problem | None

    def is_current(self, key: tuple[int, ...]) -> bool:
        """Return whether it need not be read again, or not yet."""
        if self.problem is not None and self.problem.status == database.BUSY:
            return False
        if time.monotonic() - self.until < REST * self.seconds:
            return True
        # A problem may pass without anything written, as when another process held the database; a fault of the program
        # does not.
        return self.key == key and (self.problem is None or self.problem.status == UNEXPECTED)


class Sweeps:
    """The sweeps of one folder. Its methods are thread-safe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pages: OrderedDict[str, _Read] = OrderedDict()
        self._lines: dict[str, _Read] = {}
        self._reading_page, self._reading_lines = threading.Lock(), threading.Lock()
        self.limiter = CapacityLimiter(2)
        """Limits the threads that read databases."""

    def folder(self, text: str) -> Path:
        """Return the folder of a sweep whose name is encoded. Raise Problem if there is none, or it is a link."""
        found = run_paths.path_in(self.root, text)
        if found is None or found.is_symlink() or not _modified(found / SPEC):
            raise Problem(404, "There is no sweep of that name.")
        return found

    def page(self, folder: Path) -> tuple[str, bytes]:
        """Return the version and the JSON of a sweep's page. Raise Problem if it cannot be read."""
        with self._reading_page:
            found, key = self._pages.pop(folder.name, None), _key(folder)
            if found is None or not found.is_current(key):
                found = _read(key, folder, _encoded_page)
            self._pages[folder.name] = found
            while len(self._pages) > MAX_PAGES:
                self._pages.popitem(last=False)
        if found.problem is not None:
            raise found.problem
        return "-".join(f"{part:x}" for part in found.key), found.value

    def lines(self) -> dict[str, Any]:
        """Return ``{sweeps: [...], left_out}``, the sweeps that were written last first."""
        found = sorted(self._folders(), reverse=True)
        listed = [folder for _, folder in found[:MAX_LISTED]]
        with self._reading_lines:
            until = time.monotonic() + MAX_LIST_SECONDS
            lines: dict[str, _Read] = {}
            # Those that were not read for long first, so that the slow ones leave time for all.
            for folder in sorted(listed, key=self._when_read):
                before, key = self._lines.get(folder.name), _key(folder)
                if (before is None or not before.is_current(key)) and time.monotonic() < until:
                    before = _read(key, folder, _summary)
                if before is not None:
                    lines[folder.name] = before
            self._lines = lines
        return {"sweeps": [_line(each, lines.get(each.name)) for each in listed], "left_out": len(found) - len(listed)}

    def _when_read(self, folder: Path) -> float:
        """Return when the line of a sweep was read; 0 if it was not."""
        found = self._lines.get(folder.name)
        return found.until if found is not None else 0.0

    def _folders(self) -> list[tuple[int, Path]]:
        try:
            with os.scandir(self.root) as found:
                folders = [
                    self.root / each.name
                    for each in found
                    if run_paths.is_valid(each.name) and each.is_dir(follow_symlinks=False)
                ]
        except OSError:
            return []
        return [
            (max(spec, _modified(folder / DATABASE)), folder)
            for folder in folders
            if (spec := _modified(folder / SPEC))
        ]


def _read(key: tuple[int, ...], folder: Path, work: Callable[[Path], Any]) -> _Read:
    began = time.monotonic()
    value, problem = None, None
    try:
        value = work(folder)
    except Problem as error:
        problem = error
    except Exception as error:
        # One sweep must not take the others from the list.
        problem = unexpected_problem(f"sweep {printable(folder.name)}", error)
    until = time.monotonic()
    return _Read(key, until, until - began, value, problem)


def _line(folder: Path, found: _Read | None) -> dict[str, Any]:
    """Return the line of a sweep; without facts if there was no time to read them."""
    name = {
        "name": run_paths.encode(folder.name),
        "shown": printable(folder.name),
        "live": is_held(folder, unknown=False),
    }
    if found is not None and found.problem is not None:
        return {**name, "problem": str(found.problem)}
    return {**(found.value if found is not None else {}), **name}


def _encoded_page(folder: Path) -> bytes:
    """Return the data of a sweep's page as JSON."""
    return json.dumps(page.data(folder), separators=(",", ":"), allow_nan=False).encode()


def _summary(folder: Path) -> dict[str, Any]:
    spec = spec_file.read(folder)
    line = page.about(folder, spec)
    page.require_own_database(spec)
    name = spec.objectives[0]
    # What diverged or failed counts as the worst there is.
    end, than = ("max", ">") if BETTER[name] == "maximize" else ("min", "<")
    with database.opened(folder, MAX_LINE_SECONDS) as opened:
        counts = opened.counts()
        score = (
            f"SELECT {end}(value) FROM trial_values JOIN trials ON trials.trial_id = trial_values.trial_id "
            f"WHERE study_id = ? AND state = 'COMPLETE' AND objective = 0 AND value {than} ?"
        )
        (best,) = opened.rows(score, (opened.study, WORST[BETTER[name]]))[0]
    tried = counts.get("COMPLETE", 0) + counts.get("PRUNED", 0)
    return {**line, "tried": tried, "best": page.short([best])[0] if isinstance(best, float) else None}


def _key(folder: Path) -> tuple[int, ...]:
    """Return what changes when a sweep is written, begins, or ends."""
    parts = [int(is_held(folder, unknown=False))]
    for name in (SPEC, DATABASE):
        try:
            about = (folder / name).lstat()
            parts += [about.st_mtime_ns, about.st_size, about.st_ino]
        except OSError:
            parts.append(0)
    return tuple(parts)


def _modified(path: Path) -> int:
    """Return when a regular file was written, in nanoseconds; 0 if there is none."""
    try:
        about = path.lstat()
    except (OSError, ValueError):
        return 0
    return about.st_mtime_ns if stat.S_ISREG(about.st_mode) else 0
