"""Whether what stands under a file's name is a file, and one that fits in memory."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

from sfumato import memory


def regular(path: Path) -> Path:
    """The path, where a regular file is: opening a pipe would wait for ever, and a device has no end.

    Raises OSError, also where there is nothing.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return path


def check_fits(path: Path) -> None:
    """Raise ValueError for a file of more bytes than may be read into memory: it may have a hole for most of them."""
    size, most = path.stat().st_size, memory.task_limit()
    if most is not None and size > most:
        raise ValueError(f"it has {memory.text(size)}, and {memory.text(most)} of memory may be used")


def read_bytes(path: Path, most: int) -> bytes:
    """What a regular file of at most so many bytes holds. Raises OSError, also where it has more."""
    with regular(path).open("rb") as file:
        # Not by its size: it may grow meanwhile.
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")
    return data
