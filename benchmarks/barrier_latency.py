"""The latency of a barrier of two threads, which shows how distant the two cores are at the time.

The host moves the cores of a virtual machine. Two that share a third-level cache pass a barrier in less than 0.1
microseconds; two that do not take several times as long, and so does all data that one writes and the other reads.
"""

from __future__ import annotations

from alternation import Quartiles, alternate, quartiles, timed
from numba import njit
from thread_group import ThreadGroup

from sfumato.training.engines import barrier

BARRIERS = 20_000


@njit(nogil=True)
def _wait_at_barriers(counts: int, rank: int, threads: int) -> None:
    for phase in range(1, BARRIERS + 1):
        barrier.arrive_and_wait(counts, rank, threads, phase)


def nanoseconds(rounds: int) -> Quartiles:
    """Return the nanoseconds that two threads take to pass a barrier and do nothing else."""
    group, counts = ThreadGroup(2), barrier.counters(2)

    def work() -> None:
        barrier.begin(counts)
        group(lambda rank: _wait_at_barriers(counts.ctypes.data, rank, 2))

    work()
    return quartiles([s / BARRIERS * 1e9 for s in alternate({"": lambda _: timed(work)}, rounds)[""]])
