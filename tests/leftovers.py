"""Processes that tests have started and left running, found by a mark in their environment: orphans, too."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

VARIABLE = "SFUMATO_TESTED_BY"

PATIENCE = 60.0
"""Seconds in which a process that is about to end does so, on a busy machine."""

PROC = Path("/proc")


def found(mark: str) -> dict[int, str]:
    """Return the command lines, by process id, of all other processes whose initial environment has the mark."""
    entry = f"{VARIABLE}={mark}".encode()
    processes: dict[int, str] = {}
    for folder in PROC.glob("[0-9]*"):
        pid = int(folder.name)
        # The files of other users' processes cannot be read, and a process may end meanwhile.
        with suppress(OSError):
            if pid == os.getpid() or entry not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            # A zombie has no command line, and does nothing.
            if command := (folder / "cmdline").read_bytes():
                processes[pid] = command.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return processes


def end_helpers() -> None:
    """End the server processes of Python's multiprocessing, which would otherwise end with this process."""
    forkserver._forkserver._stop()  # pyright: ignore[reportAttributeAccessIssue]
    resource_tracker._resource_tracker._stop()  # pyright: ignore[reportAttributeAccessIssue]


def left(mark: str, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep) -> dict[int, str]:
    """Return the marked processes that do not end by themselves, and kill them."""
    until = time.monotonic() + patience
    while (processes := found(mark)) and time.monotonic() < until:
        sleep(0.1)
    for pid in processes:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return processes
