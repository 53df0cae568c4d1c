"""From a run's name in an address to its folder, and to files in it: never out of the folder of runs, by no link."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from sfumato.runs import layout
from sfumato.studio.web.problems import Problem

MOST = 255
"""Bytes of a name, as file systems have it."""

_OWN = (layout.RUN, layout.METRICS, layout.PICTURE, layout.LOCK, layout.MOMENTS, layout.FRAMES, layout.CHECKPOINTS)
"""What other parts of the package read, and would follow a link from."""


def folder(runs: Path, name: str) -> Path:
    """The run's folder in ``runs``. Raises Problem where there is none of that name, or a link stands for it."""
    found = runs / name if is_one(name) else None
    if found is None or not _is(found, stat.S_ISDIR) or not _is_run(found):
        raise Problem(404, "There is no run of that name.")
    if part := link_in(found):
        raise Problem(409, f"{part} of this run is a link. The studio follows none; put the file itself there.")
    return found


def link_in(folder: Path) -> str | None:
    """What of a run's own files is a link, where something is."""
    return next((part for part in _OWN if (folder / part).is_symlink()), None)


def is_one(name: str) -> bool:
    """Whether a text can be the name of a run's folder: one component of a path, not hidden."""
    return (
        0 < len(os.fsencode(name) if name.isprintable() else b"") <= MOST
        and not name.startswith(".")
        and not any(letter in name for letter in "/\\\0")
    )


def file(folder: Path, *parts: str) -> Path:
    """A regular file of a run. Raises Problem where there is none, or a link on the way to it."""
    path = folder
    for part in parts[:-1]:
        path = path / part
        if not _is(path, stat.S_ISDIR):
            raise Problem(404, "There is no such file in this run.")
    path = path / parts[-1]
    if not _is(path, stat.S_ISREG):
        raise Problem(404, "There is no such file in this run.")
    return path


def own_folder(runs: Path, *parts: str) -> Path:
    """A folder of the studio's own in ``runs``, made where it is missing. Raises Problem where a link is in the way.

    ``runs`` itself is not made: somebody may have deleted it.
    """
    path = runs
    for part in (".studio", *parts):
        path = path / part
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise Problem(507, f"cannot make {path}: {(error.strerror or str(error)).lower()}.") from None
        if not _is(path, stat.S_ISDIR):
            raise Problem(507, f"{path} must be a folder, not a link. Remove it.")
    return path


def whole(text: str, low: int, high: int, name: str) -> int:
    """A number from an address. Raises Problem."""
    # Python refuses to read numbers of thousands of digits.
    value = int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
    if value is None or not low <= value <= high:
        raise Problem(404, f"{name} must be a whole number from {low:,} to {high:,}.")
    return value


def _is_run(found: Path) -> bool:
    return any(os.path.lexists(found / name) for name in (layout.RUN, layout.PICTURE, layout.METRICS, layout.LOCK))


def _is(path: Path, test: Callable[[int], bool]) -> bool:
    try:
        return test(path.lstat().st_mode)
    except (OSError, ValueError):
        return False
