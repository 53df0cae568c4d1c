"""Patience with busy machines: what is waited for may take long; only what never comes is a failure."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 240.0
"""Seconds that anything may take which takes one or two on a machine with nothing else to do."""


def eventually(look: Callable[[], T], what: str = "it did not come to pass") -> T:
    """What ``look`` answers as soon as that is true."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, what
        time.sleep(0.05)
    return found


@contextmanager
def process(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """One that is gone at the end of the block, whatever happens in it."""
    with subprocess.Popen(command, text=True, **options) as started:
        try:
            yield started
        finally:
            started.kill()
