"""Suppression of output that a C library writes to the terminal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Discard everything that the whole process writes to standard error in the meantime.

    libtiff prints a line per defect, and Pillow has no option to turn that off. Use it briefly, from one thread at a
    time.
    """
    try:
        saved = os.dup(2)
    except OSError:
        # A process without standard error, such as a service, needs no suppression.
        yield
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
