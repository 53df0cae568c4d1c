"""Read a person's file whole, and never wait for one that is not a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sfumato.images.refusal import reason, refusal, shown

MAX_BYTES = 200_000_000

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read(path: Path, source: str) -> bytes:
    """The bytes of a regular file of 1 to `MAX_BYTES` bytes; ``source`` is what the person called it.

    Raises PictureError for everything else, FileNotFoundError where there is no file of that name.
    """
    try:
        # Looked at before it is opened: opening a pipe waits for a writer, opening a device can act on it.
        _check(path.stat(), source)
        # And again once it is open, without waiting, in case another file has taken the name meanwhile.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            _check(os.fstat(file.fileno()), source)
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except PermissionError:
        raise refusal(
            source, "a file that may be read", "which your user may not", f"run: chmod u+r {shown(str(path))}"
        ) from None
    except (OSError, ValueError) as error:
        raise refusal(source, "a file that can be read", reason(error), "name another file") from None
    # A file in /proc has no size until it is read.
    _check_size(len(data), source)
    return data


def _check(status: os.stat_result, source: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "no regular file")
        raise refusal(source, "a regular file", f"which is {kind}", "name a picture file")
    _check_size(status.st_size, source)


def _check_size(size: int, source: str) -> None:
    if size == 0:
        raise refusal(source, "a picture", "which is empty (0 bytes)", "copy or export the picture again")
    if size > MAX_BYTES:
        found = f"which has {size:,} bytes"
        raise refusal(source, f"a file of at most {MAX_BYTES:,} bytes", found, "save a smaller copy of the picture")
