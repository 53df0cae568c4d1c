"""Threads that wait for one another in compiled code."""

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

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which core a thread is on")
several = pytest.mark.skipif(available_cores() < 2, reason="there is one core alone")


@njit(nogil=True)
def rounds_in_step(counts: int, part: int, threads: int, rounds: int, written: Any) -> int:
    """How many rounds it took part in before one in which somebody was ahead or behind, or all gave up."""
    for number in range(rounds):
        written[part * barrier.LINE] = number
        if not barrier.arrive_and_wait(counts, part, threads, 2 * number + 1):
            return number
        for other in range(threads):
            if written[other * barrier.LINE] != number:
                # The others would wait for ever.
                barrier._store_release(counts + 8 * barrier.LINE * threads, 1)
                return number
        if not barrier.arrive_and_wait(counts, part, threads, 2 * number + 2):
            return number
    return rounds


@njit(nogil=True)
def leave(core: int) -> None:
    barrier._leave(core)


@njit(nogil=True)
def this_core() -> int:
    return barrier._this_core()


def met(counts: Any, threads: int, rounds: int, *, crowded: bool) -> list[int]:
    barrier.begin(counts)
    counts[1 - barrier.LINE] = crowded
    written = np.zeros(threads * barrier.LINE, np.int64)
    rounds_in_step(counts.ctypes.data, 0, 1, 0, written)
    with ThreadPoolExecutor(threads) as pool:
        work = [
            pool.submit(rounds_in_step, counts.ctypes.data, part, threads, rounds, written) for part in range(threads)
        ]
        return [each.result() for each in work]


@pytest.mark.parametrize(("threads", "rounds", "crowded"), [(1, 1000, False), (2, 20_000, False), (2, 500, True)])
def test_threads_are_never_a_meeting_apart(threads: int, rounds: int, crowded: bool) -> None:
    assert met(barrier.counters(threads), threads, rounds, crowded=crowded) == [rounds] * threads


def test_more_threads_than_cores_meet_too() -> None:
    threads = available_cores() + 2
    counts = barrier.counters(threads)
    barrier.begin(counts)
    assert counts[1 - barrier.LINE] == 1
    assert met(counts, threads, 200, crowded=True) == [200] * threads


def test_counters_can_be_used_again() -> None:
    counts = barrier.counters(2)
    assert met(counts, 2, 100, crowded=False) == met(counts, 2, 100, crowded=False) == [100, 100]


@pytest.mark.parametrize("crowded", [False, True])
def test_who_waits_for_nobody_gives_up_when_told(crowded: bool) -> None:
    counts = barrier.counters(2)
    barrier.begin(counts)
    counts[1 - barrier.LINE] = crowded
    written = np.zeros(2 * barrier.LINE, np.int64)
    rounds_in_step(counts.ctypes.data, 0, 1, 0, written)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rounds_in_step, counts.ctypes.data, 0, 2, 5, written)
        assert not waiting.done()
        barrier.give_up(counts)
        assert waiting.result(timeout=PATIENCE) == 0


@pytest.mark.slow
@linux
@several
def test_a_thread_leaves_its_core_and_may_come_back() -> None:
    allowed = os.sched_getaffinity(0)

    def left() -> bool:
        before = this_core()
        leave(before)
        return this_core() != before

    with ThreadPoolExecutor(1) as pool:
        # The system may bring a thread back at once, but not each time.
        assert any(pool.submit(left).result() for _ in range(20))
        assert pool.submit(os.sched_getaffinity, 0).result() == allowed


@linux
def test_a_thread_that_may_use_one_core_stays() -> None:
    def confined() -> tuple[int, int, set[int]]:
        core = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        leave(core)
        return core, this_core(), os.sched_getaffinity(0)

    with ThreadPoolExecutor(1) as pool:
        core, after, allowed = pool.submit(confined).result()
    assert (after, allowed) == (core, {core})
