"""Reading of regular files, without blocking on pipes or devices."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sfumato.images.refusal import picture_error, quoted, reason

MAX_BYTES = 200_000_000

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read(path: Path, source: str) -> bytes:
    """Read a regular file of 1 to `MAX_BYTES` bytes; ``source`` is its name in messages.

    Raises PictureError for everything else, and FileNotFoundError where there is no file of that name.
    """
    try:
        # Checked before it is opened: opening a pipe blocks until there is a writer, and opening a device can have
        # effects.
        _check(path.stat(), source)
        # Checked again after a non-blocking open, in case the file was replaced in between.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            _check(os.fstat(file.fileno()), source)
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


def _check(status: os.stat_result, source: str) -> None:
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
