"""Keep a C library from writing to the terminal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Send what is written to standard error, by the whole process, nowhere meanwhile.

    libtiff prints each damage that it finds, and Pillow has no switch for it. To be held for short, by one thread.
    """
    try:
        kept = os.dup(2)
    except OSError:
        # A process without a standard error, such as a service, has nothing to keep clean.
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
