"""Share of the processor time requested by a training that its threads were given.

Linux counts for every thread how long it ran and how long it was runnable and waited (``schedstat``). The share of the
first in their sum depends on the load of the machine alone: a sleeping thread requests nothing, so that neither a pause
nor a barrier lowers the share, and a spinning thread does not raise it, as it waits for its core like any other thread.
On other systems the share is only known for a training on one thread, from its processor time and the wall time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_BETWEEN = 1.0
"""Seconds between two readings, each of which opens a file per thread."""

MIN_SECONDS = 0.5
"""Requested processor time in seconds below which the share is unknown."""

STARVED = 0.75
"""Share below which a training with a budget in seconds ends noticeably earlier than on an idle machine."""

TASKS = Path("/proc/self/task")

Counts = dict[str, tuple[float, float]]
"""Of each thread: seconds it ran, and seconds it was runnable and waited."""


def read_schedstat() -> Counts | None:
    """Return the counts of every thread of this process; None where the system has none."""
    counts: Counts = {}
    try:
        for task in TASKS.iterdir():
            try:
                ran, waited, _ = (task / "schedstat").read_bytes().split()
            except (FileNotFoundError, ProcessLookupError):
                # The thread has ended meanwhile.
                continue
            counts[task.name] = int(ran) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return None
    return counts or None


class ProcessorShare:
    """Sums of the processor time that the threads of a training were given, and of what they requested."""

    def __init__(self, threads: int, read_counts: Callable[[], Counts | None] = read_schedstat) -> None:
        self._threads = threads
        self._read_counts = read_counts
        self._started = False
        self._last: Counts | None = None
        self._read_at = 0.0
        self._ran = self._requested = 0.0

    @contextmanager
    def training(self) -> Iterator[None]:
        """Measure the block, which trains; the system's counts are read about once per second."""
        if not self._started:
            self._started, self._last, self._read_at = True, self._read_counts(), time.monotonic()
        wall, thread = time.perf_counter(), time.thread_time()
        yield
        if self._last is None:
            self._requested += time.perf_counter() - wall
            self._ran += time.thread_time() - thread
        elif time.monotonic() - self._read_at >= SECONDS_BETWEEN:
            self._add_since(self._last)

    def share(self) -> float | None:
        """Return the share so far of the requested processor time, 0 to 1; None where it is unknown."""
        if self._last is not None:
            self._add_since(self._last)
        elif self._threads > 1:
            # This thread may have waited for the processor or for another thread; the clocks cannot tell which.
            return None
        return self._ran / self._requested if self._requested >= MIN_SECONDS else None

    def _add_since(self, last: Counts) -> None:
        now = self._read_counts() or last
        for name, (ran, waited) in now.items():
            # All counts of a new thread are from after the last reading.
            ran_before, waited_before = last.get(name, (0.0, 0.0))
            self._ran += max(ran - ran_before, 0.0)
            self._requested += max(ran - ran_before, 0.0) + max(waited - waited_before, 0.0)
        self._last, self._read_at = now, time.monotonic()


def starvation_finding(share: float | None, ended: str | None, threads: int) -> str | None:
    """Return a sentence if seconds ended a training that was given much less processor time than it requested.

    Return None otherwise: a training that epochs, steps or a PSNR end gets equally far, only later.
    """
    if share is None or share >= STARVED or ended != "seconds":
        return None
    requested_by = "thread" if threads == 1 else f"{threads} threads"
    return (
        f"The training got {share:.0%} of the processor time that its {requested_by} requested; other programs took "
        "the rest. Its budget is in seconds, so that it takes more steps on an idle machine. Run fewer programs at "
        "once, or set a budget in epochs or steps."
    )
