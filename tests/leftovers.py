"""Processes that tests have started and left behind, found by a mark in their environment: also those of children that
are gone, which belong to nobody any more."""

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
"""Seconds in which processes that are about to end have done so, on a busy machine."""

PROC = Path("/proc")


def found(mark: str) -> dict[int, str]:
    """Every process but this one whose environment had the mark when it began, with its command line."""
    wanted = f"{VARIABLE}={mark}".encode()
    processes: dict[int, str] = {}
    for folder in PROC.glob("[0-9]*"):
        number = int(folder.name)
        # Others' may not be read, and any may end meanwhile.
        with suppress(OSError):
            if number == os.getpid() or wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            # One that has ended and was not waited for has no command line, and does nothing.
            if command := (folder / "cmdline").read_bytes():
                processes[number] = command.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return processes


def end_helpers() -> None:
    """End the servers that Python's multiprocessing keeps for this process, and would end with it."""
    forkserver._forkserver._stop()  # pyright: ignore[reportAttributeAccessIssue]
    resource_tracker._resource_tracker._stop()  # pyright: ignore[reportAttributeAccessIssue]


def left(mark: str, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep) -> dict[int, str]:
    """Those that do not end by themselves. They are killed, so that nothing works on for hours."""
    until = time.monotonic() + patience
    while (processes := found(mark)) and time.monotonic() < until:
        sleep(0.1)
    for number in processes:
        with suppress(OSError):
            os.kill(number, signal.SIGKILL)
    return processes
