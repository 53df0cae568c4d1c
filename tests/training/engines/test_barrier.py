"""Tests of the barrier of compiled threads."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numba import njit

from sfumato.cores import available_cores
from sfumato.training.engines import barrier
from tests.patience import PATIENCE

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the core of a thread")
several = pytest.mark.skipif(available_cores() < 2, reason="this machine has only one core")


@njit(nogil=True)
def synchronous_rounds(counts: int, rank: int, threads: int, rounds: int, written: Any) -> int:
    """Return the number of rounds before one in which a thread was ahead or behind, or the threads gave up."""
    for number in range(rounds):
        written[rank * barrier.LINE] = number
        if not barrier.arrive_and_wait(counts, rank, threads, 2 * number + 1):
            return number
        for other in range(threads):
            if written[other * barrier.LINE] != number:
                # Else the others would wait forever.
                barrier._store_release(counts + 8 * barrier.LINE * threads, 1)
                return number
        if not barrier.arrive_and_wait(counts, rank, threads, 2 * number + 2):
            return number
    return rounds


@njit(nogil=True)
def leave(core: int) -> None:
    barrier._leave(core)


@njit(nogil=True)
def this_core() -> int:
    return barrier._this_core()


def run_rounds(counts: Any, threads: int, rounds: int, *, oversubscribed: bool) -> list[int]:
    barrier.begin(counts)
    counts[1 - barrier.LINE] = oversubscribed
    written = np.zeros(threads * barrier.LINE, np.int64)
    synchronous_rounds(counts.ctypes.data, 0, 1, 0, written)
    with ThreadPoolExecutor(threads) as pool:
        work = [
            pool.submit(synchronous_rounds, counts.ctypes.data, rank, threads, rounds, written)
            for rank in range(threads)
        ]
        return [each.result() for each in work]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("threads", "rounds", "oversubscribed"), [(1, 1000, False), (2, 20_000, False), (2, 500, True)]
)
def test_threads_are_never_a_phase_apart(threads: int, rounds: int, oversubscribed: bool) -> None:
    assert run_rounds(barrier.counters(threads), threads, rounds, oversubscribed=oversubscribed) == [rounds] * threads


@pytest.mark.slow
def test_the_barrier_holds_with_more_threads_than_cores() -> None:
    threads = available_cores() + 2
    counts = barrier.counters(threads)
    barrier.begin(counts)
    assert counts[1 - barrier.LINE] == 1
    assert run_rounds(counts, threads, 200, oversubscribed=True) == [200] * threads


@pytest.mark.slow
def test_counters_can_be_used_again() -> None:
    counts = barrier.counters(2)
    assert (
        run_rounds(counts, 2, 100, oversubscribed=False)
        == run_rounds(counts, 2, 100, oversubscribed=False)
        == [100, 100]
    )


@pytest.mark.slow
@pytest.mark.parametrize("oversubscribed", [False, True])
def test_a_waiting_thread_returns_after_give_up(oversubscribed: bool) -> None:
    counts = barrier.counters(2)
    barrier.begin(counts)
    counts[1 - barrier.LINE] = oversubscribed
    written = np.zeros(2 * barrier.LINE, np.int64)
    synchronous_rounds(counts.ctypes.data, 0, 1, 0, written)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(synchronous_rounds, counts.ctypes.data, 0, 2, 5, written)
        assert not waiting.done()
        barrier.give_up(counts)
        assert waiting.result(timeout=PATIENCE) == 0


@pytest.mark.slow
@linux
@several
def test_a_thread_moves_to_another_core_and_may_return() -> None:
    allowed = os.sched_getaffinity(0)

    def moves() -> bool:
        before = this_core()
        leave(before)
        return this_core() != before

    with ThreadPoolExecutor(1) as pool:
        # The system may move a thread back at once, but not every time.
        assert any(pool.submit(moves).result() for _ in range(20))
        assert pool.submit(os.sched_getaffinity, 0).result() == allowed


@pytest.mark.slow
@linux
def test_a_thread_with_one_allowed_core_stays() -> None:
    def confined() -> tuple[int, int, set[int]]:
        core = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        leave(core)
        return core, this_core(), os.sched_getaffinity(0)

    with ThreadPoolExecutor(1) as pool:
        core, after, allowed = pool.submit(confined).result()
    assert (after, allowed) == (core, {core})
