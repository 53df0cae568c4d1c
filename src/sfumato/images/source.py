"""Reading of a picture's bytes by the name of a sample or the path of a file."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
from pathlib import Path

from sfumato.errors import PictureError
from sfumato.images import file, samples
from sfumato.images.refusal import picture_error, quoted

_MAX_NAMES = 5000
"""Largest number of names in a folder that are compared with a missing one."""


def read(source: str) -> bytes:
    """Read the bytes of a sample by its exact name, or else of the file at that path. Raises PictureError."""
    if source in samples.SAMPLES:
        return _read(samples.sample_path(source), source)
    path = Path(source)
    # The path of an unknown user is not expanded.
    with contextlib.suppress(RuntimeError):
        path = path.expanduser()
    return _read(path, source)


def _read(path: Path, source: str) -> bytes:
    try:
        return file.read(path, source)
    except FileNotFoundError:
        raise _missing(path, source) from None


def _missing(path: Path, source: str) -> PictureError:
    names = ", ".join(sorted(samples.SAMPLES))
    if source.startswith(("http://", "https://")):
        remedy = "download the picture and pass the file"
    elif near := _nearest(path, source):
        remedy = f"did you mean {quoted(near)}?"
    else:
        remedy = "check the path"
    return picture_error(source, f"a file, or a sample ({names})", "which does not exist", remedy)


def _nearest(path: Path, source: str) -> str | None:
    if close := difflib.get_close_matches(source.lower(), samples.SAMPLES, n=1):
        return close[0]
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in itertools.islice(entries, _MAX_NAMES) if entry.name != path.name]
    except (OSError, ValueError):
        return None
    by_lower = {name.lower(): name for name in sorted(names, reverse=True)}
    same_stem = sorted(name for name in names if Path(name).stem.lower() == path.stem.lower())
    close = difflib.get_close_matches(path.name.lower(), by_lower, n=1, cutoff=0.7)
    found = same_stem[0] if same_stem else by_lower[close[0]] if close else None
    return None if found is None else str(path.with_name(found))
