"""Where results go."""

from __future__ import annotations

import os
from pathlib import Path

from sfumato.errors import RunError


def writable(path: Path, name: str = "out") -> Path:
    """The path, if a file can be made there. Raises RunError, which names the field: told before the work."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise RunError(f"{name} must be a file in a folder that exists. Got {path}; make {path.parent} first.")
    if path.is_dir():
        raise RunError(f"{name} must be a file. Got the folder {path}; name a file in it.")
    if path.exists() and not path.is_file():
        raise RunError(f"{name} must be a file. Got {path}, which is a device or a pipe; name another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunError(f"{name} must be a file in a folder that may be written. Got {path}; choose another folder.")
    return path
