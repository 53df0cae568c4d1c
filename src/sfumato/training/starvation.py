"""How much of the processor a training got of what its threads asked for.

Linux counts for every thread how long it ran and how long it was ready to run and had to wait (``schedstat``). The part
that it ran tells of a busy machine alone: a thread that sleeps asks for nothing, so neither a pause nor a barrier
lowers it, nor does one that spins raise it, as whoever spins on a core that others want waits like everybody else.
Where the system does not count that, only a training on one thread can be told: its time on the processor beside that
of the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_BETWEEN = 1.0
"""Looking takes a few files a thread."""

LEAST_SECONDS = 0.5
"""Of processor time asked for: below that nothing is told."""

STARVED = 0.75
"""A training that got less than this part of what it asked for ends elsewhere than on a machine of its own."""

TASKS = Path("/proc/self/task")

Counts = dict[str, tuple[float, float]]
"""Of each thread: seconds run, and seconds ready to run and waiting."""


def counted_by_system() -> Counts | None:
    """Of every thread of this process; None where the system does not count it."""
    found: Counts = {}
    try:
        for task in TASKS.iterdir():
            try:
                ran, waited, _ = (task / "schedstat").read_bytes().split()
            except (FileNotFoundError, ProcessLookupError):
                # It has ended since.
                continue
            found[task.name] = int(ran) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return None
    return found or None


class Processor:
    """Adds up what the threads of a training got, and what they asked for."""

    def __init__(self, threads: int, counts: Callable[[], Counts | None] = counted_by_system) -> None:
        self._threads = threads
        self._counts = counts
        self._begun = False
        self._last: Counts | None = None
        self._looked_at = 0.0
        self._ran = self._asked = 0.0

    @contextmanager
    def training(self) -> Iterator[None]:
        """A stretch of training; of what the system counts it is looked at about once a second."""
        if not self._begun:
            self._begun, self._last, self._looked_at = True, self._counts(), time.monotonic()
        wall, own = time.perf_counter(), time.thread_time()
        yield
        if self._last is None:
            self._asked += time.perf_counter() - wall
            self._ran += time.thread_time() - own
        elif time.monotonic() - self._looked_at >= SECONDS_BETWEEN:
            self._look(self._last)

    def share(self) -> float | None:
        """The part that the threads got so far of what they asked for, 0 to 1; None where nothing tells."""
        if self._last is not None:
            self._look(self._last)
        elif self._threads > 1:
            # Whether this one waited for the processor or for another thread cannot be told.
            return None
        return self._ran / self._asked if self._asked >= LEAST_SECONDS else None

    def _look(self, last: Counts) -> None:
        now = self._counts() or last
        for name, (ran, waited) in now.items():
            # A thread that is new has done all that it did since.
            ran_before, waited_before = last.get(name, (0.0, 0.0))
            self._ran += max(ran - ran_before, 0.0)
            self._asked += max(ran - ran_before, 0.0) + max(waited - waited_before, 0.0)
        self._last, self._looked_at = now, time.monotonic()


def starved(share: float | None, ended: str | None, threads: int) -> str | None:
    """A sentence where the clock ended a training that got much less of the processor than it asked for, else None.

    One that epochs, steps or a PSNR end comes as far, only later.
    """
    if share is None or share >= STARVED or ended != "seconds":
        return None
    asked = "thread" if threads == 1 else f"{threads} threads"
    return (
        f"This training got {share:.0%} of the processor time that its {asked} asked for; other programs had "
        "the rest. Its budget is in seconds, so alone on the machine it comes farther. Run fewer things at once, or "
        "give a budget in epochs or steps."
    )
