"""From a run's name in an address to its folder, and to files in it: never out of the folder of runs, by no link.

A folder may be called anything that its file system takes: bytes that are no UTF-8, line breaks, marks that turn a
line's direction, ``%``, ``#``. So pages and addresses have names encoded (`encoded`), in letters that mean nothing in
an address, a query, a list or a page, and that stand for one folder alone. Ordinary names are encoded as themselves.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sfumato.runs import layout
from sfumato.studio.web.problems import Problem

MOST = 255
"""Bytes of a name, as file systems have it."""

_PLAIN = "-_."

_OWN = (layout.RUN, layout.METRICS, layout.PICTURE, layout.LOCK, layout.MOMENTS, layout.FRAMES, layout.CHECKPOINTS)
"""What other parts of the package read, and would follow a link from."""


def encoded(name: str) -> str:
    """A folder's name as pages have it: letters and digits of any script, ``-``, ``_`` and ``.``; ``~25`` for ``%``."""
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN else "".join(f"~{byte:02X}" for byte in os.fsencode(letter))
        for letter in name
    )


def decoded(text: str) -> str:
    """The folder's name that `encoded` made a text from."""
    # What a page sends may hold half a surrogate pair, which no file system's name does.
    data = text.encode("utf-8", "replace")
    return os.fsdecode(re.sub(rb"~([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), data))


def in_address(name: str) -> str:
    """A folder's name as one part of an address that the server gives a page."""
    return quote(encoded(name), safe="")


def folder(runs: Path, text: str) -> Path:
    """The folder in ``runs`` of a run whose name is `encoded`. Raises Problem where there is none, or it is a link."""
    found = inside(runs, text)
    if found is None or not _is(found, stat.S_ISDIR) or not _is_run(found):
        raise Problem(404, "There is no run of that name.")
    if part := link_in(found):
        raise Problem(409, f"{part} of this run is a link. The studio follows none; put the file itself there.")
    return found


def inside(root: Path, text: str) -> Path | None:
    """Where a folder whose name is `encoded` would be in ``root``; None where that can be no folder's name."""
    name = decoded(text)
    return root / name if is_one(name) else None


def link_in(folder: Path) -> str | None:
    """What of a run's own files is a link, where something is."""
    return next((part for part in _OWN if (folder / part).is_symlink()), None)


def is_one(name: str) -> bool:
    """Whether a text can be the name of a run's folder: one component of a path, not hidden."""
    return (
        0 < len(os.fsencode(name)) <= MOST and not name.startswith(".") and "\0" not in name and Path(name).name == name
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
