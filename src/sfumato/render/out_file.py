"""Checks of output paths."""

from __future__ import annotations

import os
from pathlib import Path

from sfumato.errors import RunError


def writable(path: Path, name: str = "out") -> Path:
    """Return the path if a file can be created there, else raise RunError with the field's ``name``.

    To be called before the work whose result is written there.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise RunError(f"{name} must be a file in a folder that exists. Got {path}; make {path.parent} first.")
    if path.is_dir():
        raise RunError(f"{name} must be a file. Got the folder {path}; name a file in it.")
    if path.exists() and not path.is_file():
        raise RunError(f"{name} must be a file. Got {path}, which is a device or a pipe; name another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunError(f"{name} must be a file in a folder with write permission. Got {path}; choose another folder.")
    return path
