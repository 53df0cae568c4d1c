"""The size and the path of a picture or film that is written: parsing and checks."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sfumato.errors import RecipeError, RunError


def width_height(text: str, max_side: int) -> tuple[int, int]:
    """Parse ``300x429`` as (300, 429), in pixels. Raises RecipeError with a rule, to follow the field's name."""
    match = re.fullmatch(r"([0-9]{1,9})[xX]([0-9]{1,9})", text)
    if match is None or not all(2 <= int(side) <= max_side for side in match.groups()):
        raise RecipeError(f"must be WIDTHxHEIGHT, each from 2 to {max_side}, such as 600x858. Got {text!r}.")
    return int(match[1]), int(match[2])


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
