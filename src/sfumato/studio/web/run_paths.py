"""Conversion of a run's name in a URL to its folder and files: never outside of the runs folder, and through no link.

A folder may have any name that its file system allows: bytes that are not UTF-8, line breaks, marks that change the
text's direction, ``%``, ``#``. So pages and URLs use encoded names (`encode`), whose characters have no special
meaning in a URL, a query, a list, or a page, and which are unique. Ordinary names are encoded as themselves.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sfumato.runs import layout
from sfumato.studio.web.errors import Problem

MAX_BYTES = 255
"""Bytes of a name, the limit of file systems."""

_PLAIN = "-_."

_RUN_FILES = (
    layout.RUN,
    layout.METRICS,
    layout.PICTURE,
    layout.LOCK,
    layout.MOMENTS,
    layout.FRAMES,
    layout.CHECKPOINTS,
)
"""Files and folders of a run that other modules read, which would follow a link."""


def encode(name: str) -> str:
    """Encode a folder's name: letters and digits of any script, ``-``, ``_``, and ``.`` stay; ``%`` becomes ``~25``."""
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN else "".join(f"~{byte:02X}" for byte in os.fsencode(letter))
        for letter in name
    )


def decode(text: str) -> str:
    """Return the folder's name that `encode` turned into a text."""
    # A request may contain a lone surrogate, which no file system's name does.
    data = text.encode("utf-8", "replace")
    return os.fsdecode(re.sub(rb"~([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), data))


def in_url(name: str) -> str:
    """Return a folder's name as a segment of a URL that the server sends to a page."""
    return quote(encode(name), safe="")


def folder(runs: Path, text: str) -> Path:
    """Return the folder of a run whose name is encoded. Raise Problem if there is none, or it is a link."""
    found = path_in(runs, text)
    if found is None or not _is(found, stat.S_ISDIR) or not _is_run(found):
        raise Problem(404, "There is no run of that name.")
    if part := link_in(found):
        raise Problem(
            409, f"{part} of this run is a symbolic link, which the studio does not follow. Replace it by the file."
        )
    return found


def path_in(root: Path, text: str) -> Path | None:
    """Return the path in ``root`` of a folder whose name is encoded; None if it is no valid name."""
    name = decode(text)
    return root / name if is_valid(name) else None


def link_in(folder: Path) -> str | None:
    """Return which of a run's files is a symbolic link; None if none is."""
    return next((part for part in _RUN_FILES if (folder / part).is_symlink()), None)


def is_valid(name: str) -> bool:
    """Return whether a name can be that of a run's folder: one component of a path, not hidden."""
    return (
        0 < len(os.fsencode(name)) <= MAX_BYTES
        and not name.startswith(".")
        and "\0" not in name
        and Path(name).name == name
    )


def file(folder: Path, *parts: str) -> Path:
    """Return the path of a regular file of a run. Raise Problem if there is none, or a link on the way to it."""
    path = folder
    for part in parts[:-1]:
        path = path / part
        if not _is(path, stat.S_ISDIR):
            raise Problem(404, "There is no such file in this run.")
    path = path / parts[-1]
    if not _is(path, stat.S_ISREG):
        raise Problem(404, "There is no such file in this run.")
    return path


def studio_folder(runs: Path, *parts: str) -> Path:
    """Return a folder under ``.studio`` in ``runs``, created if missing. Raise Problem if a link is in the way.

    ``runs`` itself is not created, because it may have been deleted on purpose.
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


def parse_int(text: str, low: int, high: int, name: str) -> int:
    """Parse a whole number from a URL. Raise Problem unless it is from ``low`` to ``high``."""
    # Python does not convert numbers of thousands of digits.
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
