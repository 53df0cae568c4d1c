"""Listing, filtering, sorting, and finding the runs in a folder, without torch."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import entry, layout
from sfumato.runs.entry import Entry

_FILES = (layout.RUN, layout.PICTURE, layout.METRICS, layout.LOCK)
"""Files that mark the folder of a run, even of a damaged one."""


def _newest_first(entry: Entry) -> Any:
    # Runs that started in the same second are sorted by name, which ends in a counter.
    time = entry.started or entry.active
    return -time.timestamp() if time else math.inf


SORTS: dict[str, Callable[[Entry], Any]] = {
    "started": _newest_first,
    "psnr": lambda entry: math.inf if entry.psnr is None else -entry.psnr,
    "seconds": lambda entry: math.inf if entry.seconds is None else entry.seconds,
    "name": lambda entry: entry.name,
}
"""Sort keys: newest, best, or fastest first; by name."""


def entries(runs: Path) -> list[Entry]:
    """Return every run in a folder, also damaged ones, newest first; [] if the folder is missing. Raises RunError."""
    return filter_and_sort([entry.read(folder) for folder in folders(runs)])


def folders(runs: Path) -> list[Path]:
    """Return the folders of the runs in a folder, unordered; [] if the folder is missing. Raises RunError."""
    return [runs / each.name for each in visible_entries(runs) if each.is_dir() and is_run(each.path)]


def visible_entries(runs: Path) -> list[os.DirEntry[str]]:
    """Return the directory entries that are not hidden; [] if the folder is missing. Raises RunError."""
    try:
        with os.scandir(runs) as found:
            return [each for each in found if not each.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(f"{runs} must be a folder of runs: {reason}. Choose another (--runs).") from None


def is_run(folder: str) -> bool:
    """Return whether a folder is that of a run; other folders beside the runs are ignored."""
    return any(os.path.lexists(Path(folder, name)) for name in _FILES)


def filter_and_sort(listed: Sequence[Entry], words: str = "", sort: str = "started") -> list[Entry]:
    """Return the entries that contain every word, sorted by one of `SORTS`.

    Words are searched in name, picture, differences, engine, and state. Raises RunError for an unknown sort key.
    """
    if sort not in SORTS:
        close = difflib.get_close_matches(sort, SORTS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise RunError(f"sort must be one of {', '.join(SORTS)}. Got {sort!r}{hint}")
    searched = words.lower().split()
    matching = [each for each in listed if all(word in _searchable_text(each) for word in searched)]
    return sorted(sorted(matching, key=lambda each: each.name, reverse=sort != "name"), key=SORTS[sort])


def find(text: str, runs: Path) -> Path:
    """Return the folder of a run, given its path or a part of its name in ``runs``; for "" the newest run.

    Raises RunError when there is none, or more than one.
    """
    if text and Path(text).is_dir():
        return Path(text)
    listed = entries(runs)
    if not listed:
        none = f"there are no runs in {runs}; paint one with sfumato paint, or choose another folder (--runs)."
        raise RunError(f"{text!r} must be a run's folder, or a part of a run's name: {none}" if text else none)
    found = [each.folder for each in listed if text in each.name]
    exact = [folder for folder in found if folder.name == text]
    if len(found) == 1 or exact or not text:
        return (exact or found)[0]
    if found:
        names = ", ".join(folder.name for folder in found[:4]) + (" and others" if len(found) > 4 else "")
        raise RunError(f"{text!r} must be a part of one run's name. Got {len(found)} such runs in {runs}: {names}.")
    close = difflib.get_close_matches(text, [each.name for each in listed], n=1)
    hint = f"did you mean {close[0]}?" if close else f"see sfumato runs --runs {runs}."
    raise RunError(f"{text!r} must be a run's folder, or a part of a run's name in {runs}. Got neither; {hint}")


def _searchable_text(each: Entry) -> str:
    return f"{each.name} {each.picture} {each.difference} {each.engine} {each.state}".lower()
