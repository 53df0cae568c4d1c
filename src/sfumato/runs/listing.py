"""The runs in a folder: listed, filtered, sorted, found by a part of a name; without torch."""

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
"""A folder with one of them is a run's, if a damaged one."""


def _newest_first(entry: Entry) -> Any:
    # Runs of the same second go by their names, which count up.
    moment = entry.started or entry.active
    return -moment.timestamp() if moment else math.inf


SORTS: dict[str, Callable[[Entry], Any]] = {
    "started": _newest_first,
    "psnr": lambda entry: math.inf if entry.psnr is None else -entry.psnr,
    "seconds": lambda entry: math.inf if entry.seconds is None else entry.seconds,
    "name": lambda entry: entry.name,
}
"""Orders of a list: newest, best, quickest first; by name."""


def entries(runs: Path) -> list[Entry]:
    """Every run in a folder, damaged ones too, newest first; [] where there is no folder. Raises RunError."""
    return arranged([entry.read(folder) for folder in folders(runs)])


def folders(runs: Path) -> list[Path]:
    """Where the runs in a folder are, in no order; [] where there is no folder. Raises RunError."""
    return [runs / each.name for each in inside(runs) if each.is_dir() and is_a_run(each.path)]


def inside(runs: Path) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden; [] where there is no folder. Raises RunError."""
    try:
        with os.scandir(runs) as found:
            return [each for each in found if not each.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(f"{runs} must be a folder of runs: {reason}. Choose another (--runs).") from None


def is_a_run(folder: str) -> bool:
    """Whether a folder is a run's: other folders beside the runs are none of this list's business."""
    return any(os.path.lexists(Path(folder, name)) for name in _FILES)


def arranged(listed: Sequence[Entry], words: str = "", sort: str = "started") -> list[Entry]:
    """Those in which every word occurs (in name, picture, differences, engine or state), in one of `SORTS`' orders.

    Raises RunError for an order that there is not.
    """
    if sort not in SORTS:
        close = difflib.get_close_matches(sort, SORTS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise RunError(f"sort must be one of {', '.join(SORTS)}. Got {sort!r}{hint}")
    wanted = words.lower().split()
    kept = [each for each in listed if all(word in _words(each) for word in wanted)]
    return sorted(sorted(kept, key=lambda each: each.name, reverse=sort != "name"), key=SORTS[sort])


def find(text: str, runs: Path) -> Path:
    """The run's folder that a person means: a folder, or a part of one run's name in ``runs``; for "" the newest.

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


def _words(each: Entry) -> str:
    return f"{each.name} {each.picture} {each.difference} {each.engine} {each.state}".lower()
