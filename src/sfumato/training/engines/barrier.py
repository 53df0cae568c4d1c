"""A barrier for compiled threads: counters in shared memory, no lock, and no system call in a short wait.

Where other programs use the cores too, two threads with a barrier every few microseconds must not share a core: each
barrier then takes a whole time slice of the scheduler, milliseconds. A waiting thread must not yield its core either,
because it gets it back just as late. So a thread that has waited for some microseconds publishes which core it is on. A
thread that is on the core of the thread it waits for moves to another; any other goes on spinning.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sfumato.cores import available_cores

LINE = 16
"""Distance between two counters in int64: two cache lines, because processors fetch lines in pairs."""

SPINS_PER_CHECK = 2000
"""Number of times that a thread reads another's counter before it does anything else."""

SPIN_LIMIT = 20_000_000
"""Number of reads, some tens of milliseconds, after which a thread yields a core that it does not share."""

_LINUX = sys.platform == "linux"
_MASK = 128
"""Bytes of a set of cores: 1024 bits, as in the C library."""

# The other functions exist only in the C library of Linux; only `_let_run_on_linux` calls them.
_yield_core = types.ExternalFunction("sched_yield" if os.name == "posix" else "SwitchToThread", types.int32())
_this_core = types.ExternalFunction("sched_getcpu", types.int32())
_cores = types.int32(types.int32, types.uintp, types.uintp)
_get_cores = types.ExternalFunction("sched_getaffinity", _cores)
_set_cores = types.ExternalFunction("sched_setaffinity", _cores)


def counters(threads: int) -> NDArray[np.int64]:
    """Return a line of counters per thread (its phase, its core) and one for all; call `begin` before a wait."""
    spare = np.zeros((threads + 2) * LINE, np.int64)
    first = -spare.ctypes.data // 8 % LINE
    return spare[first : first + (threads + 1) * LINE]


def begin(counts: NDArray[np.int64]) -> None:
    """Reset the phases. No thread may be waiting."""
    counts.fill(0)
    threads = len(counts) // LINE - 1
    # If there are more threads than cores, a waiting thread yields its core at once.
    counts[1 - LINE] = not _LINUX or threads > available_cores()


def give_up(counts: NDArray[np.int64]) -> None:
    """Make every waiting thread return False."""
    counts[-LINE] = 1


def _pointer(builder, address):
    return builder.inttoptr(address, ir.IntType(64).as_pointer())


def _generate_store(typing_context, address, value):
    def generate(context, builder, signature, arguments):
        builder.store_atomic(arguments[1], _pointer(builder, arguments[0]), ordering="release", align=8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


def _generate_load(typing_context, address):
    def generate(context, builder, signature, arguments):
        return builder.load_atomic(_pointer(builder, arguments[0]), ordering="acquire", align=8)

    return types.int64(types.int64), generate


_store_release: Any = intrinsic(_generate_store)
_load_acquire: Any = intrinsic(_generate_load)


@njit(nogil=True)
def _leave(core: int) -> None:
    """Move this thread to another core, if there is one; the system may move it back later."""
    cores = np.zeros(_MASK, np.uint8)
    if _get_cores(0, _MASK, cores.ctypes.data) < 0:
        return
    bit = np.uint8(1 << (core % 8))
    cores[core // 8] ^= bit
    if _set_cores(0, _MASK, cores.ctypes.data) == 0:
        cores[core // 8] ^= bit
        _set_cores(0, _MASK, cores.ctypes.data)


@njit(nogil=True)
def _let_run_on_linux(counts: int, rank: int, other: int, threads: int, spins: int) -> None:
    """Let the ``other`` thread run if it has not arrived for a while."""
    if _load_acquire(counts + 8 * LINE * threads + 8) != 0:
        _yield_core()
        return
    core = _this_core()
    _store_release(counts + 8 * LINE * rank + 8, core + 1)
    if _load_acquire(counts + 8 * LINE * other + 8) == core + 1:
        _leave(core)
        _store_release(counts + 8 * LINE * rank + 8, _this_core() + 1)
        _yield_core()
    elif spins > SPIN_LIMIT:
        _yield_core()


@njit(nogil=True)
def _let_run_elsewhere(counts: int, rank: int, other: int, threads: int, spins: int) -> None:
    _yield_core()


# Selected here, not in compiled code: code that names a function missing from the C library cannot be loaded.
_let_run = _let_run_on_linux if _LINUX else _let_run_elsewhere


@njit(nogil=True)
def arrive_and_wait(counts: int, rank: int, threads: int, phase: int) -> bool:
    """Arrive at ``phase`` (1, 2, ...) as thread ``rank``, and wait for the others; return False after `give_up`.

    ``counts`` is the address of `counters`. After the wait every thread sees what the others wrote before they arrived.
    """
    _store_release(counts + 8 * LINE * rank, phase)
    for other in range(threads):
        spins = 0
        while _load_acquire(counts + 8 * LINE * other) < phase:
            spins += 1
            if spins > SPINS_PER_CHECK:
                if _load_acquire(counts + 8 * LINE * threads) != 0:
                    return False
                if (spins - 1) % SPINS_PER_CHECK == 0:
                    _let_run(counts, rank, other, threads, spins)
    return True
