"""How compiled threads wait for one another: counters in shared memory, no lock, no system call while it is short.

A thread that has waited for some microseconds gives its core away again and again, so that threads which share one
core, or a busy machine, make progress too.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

LINE = 16
"""Distance of two counters in int64: two cache lines, because processors fetch lines in pairs."""

_LOOKS = 2000
"""How often a thread looks at another's counter before it gives its core away."""

_give_core_away = types.ExternalFunction("sched_yield" if os.name == "posix" else "SwitchToThread", types.int32())


def counters(threads: int) -> NDArray[np.int64]:
    """Zeroed counters for so many threads, and a last one that says that all must give up."""
    spare = np.zeros((threads + 2) * LINE, np.int64)
    first = -spare.ctypes.data // 8 % LINE
    return spare[first : first + (threads + 1) * LINE]


def give_up(counts: NDArray[np.int64]) -> None:
    """Let every thread that waits return False."""
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
def arrive_and_wait(counts: int, part: int, threads: int, meeting: int) -> bool:
    """Say that ``part`` has come to this ``meeting`` (1, 2, ...) and wait for the others; False: give up.

    ``counts`` is the address of `counters`. What every thread wrote before it arrived is seen by all after they met.
    """
    _store_release(counts + 8 * LINE * part, meeting)
    for other in range(threads):
        looks = 0
        while _load_acquire(counts + 8 * LINE * other) < meeting:
            looks += 1
            if looks > _LOOKS:
                if _load_acquire(counts + 8 * LINE * threads) != 0:
                    return False
                _give_core_away()
    return True
