"""Whether what stands under a file's name is a file."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def regular(path: Path) -> Path:
    """The path, where a regular file is: opening a pipe would wait for ever, and a device has no end.

    Raises OSError, also where there is nothing.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return path
