"""Things in the place of a file that a reader must neither wait for nor load."""

from __future__ import annotations

import os
from pathlib import Path

LARGE = 10 * 2**30
"""Bytes of a sparse file, which takes no place on disk."""


def replace(path: Path, what: str) -> None:
    """Replace a file by something else: ``large``, ``pipe``, ``folder``, ``link to itself``, or ``device``."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    match what:
        case "large":
            path.touch()
            os.truncate(path, LARGE)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link to itself":
            path.symlink_to(path.name)
        case _:
            path.symlink_to("/dev/zero")
