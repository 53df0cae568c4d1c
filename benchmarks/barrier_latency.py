"""The latency of a barrier of two threads, which shows how distant the two cores are at the time.

The host moves the cores of a virtual machine. Two that share a third-level cache pass a barrier in less than 0.1
microseconds; two that do not take several times as long, and so does all data that one writes and the other reads.
"""

from __future__ import annotations

from alternation import Quartiles, alternate, quartiles, timed
from numba import njit
from thread_group import Together

from sfumato.training.engines import barrier

MEETINGS = 20_000


@njit(nogil=True)
def _meet(counts: int, part: int, parts: int) -> None:
    for meeting in range(1, MEETINGS + 1):
        barrier.arrive_and_wait(counts, part, parts, meeting)


def nanoseconds(rounds: int) -> Quartiles:
    """Return the nanoseconds that two threads take to pass a barrier and do nothing else."""
    together, counts = Together(2), barrier.counters(2)

    def work() -> None:
        barrier.begin(counts)
        together(lambda part: _meet(counts.ctypes.data, part, 2))

    work()
    return quartiles([s / MEETINGS * 1e9 for s in alternate({"": lambda _: timed(work)}, rounds)[""]])
