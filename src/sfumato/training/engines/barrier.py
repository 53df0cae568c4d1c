"""How compiled threads wait for one another: counters in shared memory, no lock, no system call while it is short.

A thread that has waited for some microseconds gives its core away again and again, so that threads which share one
core, or a busy machine, make progress too.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
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
    return np.zeros((threads + 1) * LINE, np.int64)


def give_up(counts: NDArray[np.int64]) -> None:
    """Let every thread that waits return False."""
    counts[-LINE] = 1


def _address(context, builder, array_type, array, index):
    view = context.make_array(array_type)(context, builder, array)
    return builder.gep(view.data, [index])


def _generate_store(typing_context, array, index, value):
    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store_atomic(arguments[2], address, ordering="release", align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


def _generate_load(typing_context, array, index):
    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load_atomic(address, ordering="acquire", align=8)

    return types.int64(array, types.intp), generate


_store_release: Any = intrinsic(_generate_store)
_load_acquire: Any = intrinsic(_generate_load)


@njit(nogil=True)
def arrive_and_wait(counts: NDArray[np.int64], part: int, threads: int, meeting: int) -> bool:
    """Say that ``part`` has come to this ``meeting`` (1, 2, ...) and wait for the others; False: give up.

    What every thread wrote before it arrived is seen by all after they met.
    """
    _store_release(counts, part * LINE, meeting)
    for other in range(threads):
        looks = 0
        while _load_acquire(counts, other * LINE) < meeting:
            looks += 1
            if looks > _LOOKS:
                if _load_acquire(counts, threads * LINE) != 0:
                    return False
                _give_core_away()
    return True
