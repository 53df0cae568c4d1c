"""Reading of a picture's bytes, by the name of a sample or the path of a regular file."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import stat
from pathlib import Path

from sfumato.errors import PictureError
from sfumato.images import samples
from sfumato.images.picture_errors import picture_error, quoted, reason

MAX_BYTES = 200_000_000

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_MAX_NAMES = 5000
"""Largest number of names in a folder that are compared with a missing one."""


def read_file(path: Path, source: str) -> bytes:
    """Read a regular file of 1 to `MAX_BYTES` bytes; ``source`` is its name in messages.

    Raises PictureError for everything else, and FileNotFoundError where there is no file of that name.
    """
    try:
        # Checked before it is opened: opening a pipe blocks until there is a writer, and opening a device can have
        # effects.
        _check_is_regular(path.stat(), source)
        # Checked again after a non-blocking open, in case the file was replaced in between.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            _check_is_regular(os.fstat(file.fileno()), source)
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except PermissionError:
        raise picture_error(
            source, "a readable file", "which you may not read", f"run: chmod u+r {quoted(str(path))}"
        ) from None
    except (OSError, ValueError) as error:
        raise picture_error(source, "a readable file", reason(error), "use another file") from None
    # The size of a file in /proc is known only after reading.
    _check_size(len(data), source)
    return data


def _check_is_regular(status: os.stat_result, source: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "not a regular file")
        raise picture_error(source, "a regular file", f"which is {kind}", "use a picture file")
    _check_size(status.st_size, source)


def _check_size(size: int, source: str) -> None:
    if size == 0:
        raise picture_error(source, "a picture file", "which is empty (0 bytes)", "copy or export the picture again")
    if size > MAX_BYTES:
        found = f"which has {size:,} bytes"
        raise picture_error(
            source, f"a file of at most {MAX_BYTES:,} bytes", found, "save a smaller copy of the picture"
        )


def read(source: str) -> bytes:
    """Read the bytes of a sample by its exact name, or else of the file at that path. Raises PictureError."""
    if samples.is_sample(source):
        return _read(samples.sample_path(source), source)
    path = Path(source)
    # The path of an unknown user is not expanded.
    with contextlib.suppress(RuntimeError):
        path = path.expanduser()
    return _read(path, source)


def _read(path: Path, source: str) -> bytes:
    try:
        return read_file(path, source)
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
