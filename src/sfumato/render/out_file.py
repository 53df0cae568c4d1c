"""Where results go."""

from __future__ import annotations

from pathlib import Path

from sfumato.errors import RunError


def writable(path: Path) -> Path:
    """The path, if a file can be made there. Raises RunError: told before the work, not after it."""
    if not path.parent.is_dir():
        raise RunError(f"out must be a file in a folder that exists. Got {path}; make {path.parent} first.")
    if path.is_dir():
        raise RunError(f"out must be a file. Got the folder {path}.")
    return path
