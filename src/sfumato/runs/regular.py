"""Checks that a path is a regular file, and one that fits into memory."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

from sfumato import memory


def require_regular(path: Path) -> Path:
    """Return the path of a regular file. Raises OSError for anything else, and for a missing file.

    Opening a pipe would wait forever, and a device has no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return path


def check_fits(path: Path) -> None:
    """Raise ValueError if a file has more bytes than fit into memory; most of them may be a hole of a sparse file."""
    size, limit = path.stat().st_size, memory.task_limit()
    if limit is not None and size > limit:
        raise ValueError(f"it has {memory.text(size)}, and {memory.text(limit)} of memory may be used")


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Read a regular file of at most ``max_bytes`` bytes. Raises OSError, also if it is larger."""
    with require_regular(path).open("rb") as file:
        # The size is not checked in advance, since the file may grow meanwhile.
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes:,} bytes")
    return data
