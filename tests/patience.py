"""Waiting in tests: a condition may take long on a busy machine; a test fails only if it never holds."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 240.0
"""Timeout in seconds of work that takes one or two seconds on an idle machine."""


def eventually(condition: Callable[[], T], message: str = "the condition did not become true") -> T:
    """Return the value of ``condition()`` as soon as it is true; fail after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, message
        time.sleep(0.05)
    return value


@contextmanager
def process(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a process, and kill it at the end of the block."""
    with subprocess.Popen(command, text=True, **options) as started:
        try:
            yield started
        finally:
            started.kill()
