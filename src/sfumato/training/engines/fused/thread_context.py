"""The threads of the fused engine: their contexts, the memory that they share, and their barrier."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.np.unsafe import ndarray

from sfumato.training.engines.barrier import LINE, arrive_and_wait, counters
from sfumato.training.engines.fused.encoder import PAGE
from sfumato.training.engines.fused.layout import Layout
from sfumato.training.kernels.memory import doubles, integers, zeros
from sfumato.training.kernels.vectors import round_up

_to_fixed_tuple: Any = ndarray.to_fixed_tuple


class ThreadContext(NamedTuple):
    """One of the threads that train a network together. Addresses and strides are in bytes."""

    rank: int
    """Number of this thread, from 0."""
    threads: int
    barrier: int
    """Address of the barrier's counters."""
    partial_sums: int
    """Address of `LINE` float64 per layer and thread, written by the thread and read by the others."""
    samples: int
    """Address of an int64 per thread, with stride `LINE`: the number of samples in its memory."""
    memory: int
    """Address of the first thread's memory."""
    memory_stride: int
    """Distance from one thread's memory to the next one's."""
    gradients: int
    """Address of the first thread's block of gradients."""
    gradients_stride: int
    encoder_gradients: int
    """Address of the first thread's gradients of a trained encoding."""
    encoder_gradients_stride: int
    touched: int
    """Address of the first thread's marks of the pages of these gradients that are not 0, uint8."""
    touched_stride: int
    work: int
    """Address of the first thread's work space of the optimizer, of the length that the optimizer asks for."""
    work_stride: int


_FIELDS = len(ThreadContext._fields)


@njit(nogil=True)
def thread_at(address: int) -> ThreadContext:
    """Return the context stored as int64 at an address."""
    return ThreadContext(*_to_fixed_tuple(integers(address, _FIELDS), _FIELDS))


class Workspace:
    """The memory in which threads compute a step. It holds no state between calls: networks of one layout may share it.

    ``work``: float32 that the optimizer needs per thread; ``encoder``: length of a trained encoding's block.
    """

    def __init__(self, layout: Layout, threads: int, *, work: int, encoder: int) -> None:
        self.barrier = counters(threads)
        self._memory, self._gradients = zeros(threads * layout.memory), zeros(threads * layout.parameters)
        self._encoder_gradients, self._work = zeros(threads * encoder), zeros(threads * work)
        # Each thread's marks begin at a cache line of their own.
        touched = round_up(encoder // PAGE, 128)
        self._touched = zeros(threads * touched // 4).view(np.uint8)
        self._partial_sums = np.zeros((len(layout.table), threads * LINE))
        self._samples = np.zeros(threads * LINE, np.int64)
        self.memories = np.split(self._memory, threads)
        """The threads' memories."""
        for memory in self.memories:
            layout.fill_ones(memory)
        self.contexts = [
            ThreadContext(
                rank=rank,
                threads=threads,
                barrier=self.barrier.ctypes.data,
                partial_sums=self._partial_sums.ctypes.data,
                samples=self._samples.ctypes.data,
                memory=self._memory.ctypes.data,
                memory_stride=4 * layout.memory,
                gradients=self._gradients.ctypes.data,
                gradients_stride=4 * layout.parameters,
                encoder_gradients=self._encoder_gradients.ctypes.data,
                encoder_gradients_stride=4 * encoder,
                touched=self._touched.ctypes.data,
                touched_stride=touched,
                work=self._work.ctypes.data,
                work_stride=4 * work,
            )
            for rank in range(threads)
        ]


@njit(nogil=True)
def barrier_wait(thread: ThreadContext, phase: int) -> int:
    """Wait for all threads; return the number of the next phase, or -1 to give up."""
    return phase + 1 if arrive_and_wait(thread.barrier, thread.rank, thread.threads, phase) else -1


@njit(nogil=True)
def set_samples(thread: ThreadContext, count: int) -> None:
    """Set the number of samples in this thread's memory."""
    integers(thread.samples, thread.threads * LINE)[thread.rank * LINE] = count


@njit(nogil=True)
def samples_of(thread: ThreadContext, rank: int) -> int:
    """Return the number of samples in a thread's memory; call only after a barrier."""
    return integers(thread.samples, thread.threads * LINE)[rank * LINE]


@njit(nogil=True)
def set_partial_sum(thread: ThreadContext, layer: int, slot: int, value: float) -> None:
    """Store this thread's term of a sum over all threads; ``slot``, below `LINE`, selects one of several sums."""
    doubles(thread.partial_sums, (layer + 1) * thread.threads * LINE)[
        (layer * thread.threads + thread.rank) * LINE + slot
    ] = value


@njit(nogil=True)
def total_of_partial_sums(thread: ThreadContext, layer: int, slot: int) -> float:
    """Return the sum of all threads' terms, in the same order in each thread; call only after a barrier."""
    partial_sums = doubles(thread.partial_sums, (layer + 1) * thread.threads * LINE)
    total = 0.0
    for rank in range(thread.threads):
        total += partial_sums[(layer * thread.threads + rank) * LINE + slot]
    return total
