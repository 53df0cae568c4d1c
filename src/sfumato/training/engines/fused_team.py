"""The threads of the fused engine: who they are, what they share and how they meet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.barrier import LINE, arrive_and_wait, counters
from sfumato.training.engines.fused_layout import Layout
from sfumato.training.engines.memory import zeros


class Team(NamedTuple):
    """One thread's view of all. Addresses are in bytes."""

    part: int
    """This thread's number."""
    parts: int
    counts: int
    """Address of the barrier's counters."""
    numbers: NDArray[np.float64]
    """(layers, threads * `LINE`): a number of each thread, `LINE` apart, that it lets the others know."""
    samples: NDArray[np.int64]
    """How many samples each thread's memory holds, `LINE` apart."""
    memory: int
    """Address of the first thread's memory; the others' follow."""
    memory_bytes: int
    gradients: int
    """Address of the first thread's block of gradients; the others' follow."""
    block_bytes: int
    room: int
    """Address of the first thread's room for orthogonal matrices, where there is one; the others' follow."""
    room_bytes: int


class Workspace:
    """The memory of a team while it trains. Nothing in it outlasts a call: networks of one layout may take turns."""

    def __init__(self, layout: Layout, threads: int, *, room: bool) -> None:
        """``room``: whether matrices are to be made orthogonal."""
        self.counts = counters(threads)
        self._memory, self._gradients = zeros(threads * layout.memory), zeros(threads * layout.parameters)
        self._room = zeros(threads * layout.room if room else 0)
        self.memories = np.split(self._memory, threads)
        """Each thread's own."""
        for memory in self.memories:
            layout.fill_up(memory)
        numbers = np.zeros((len(layout.table), threads * LINE))
        samples = np.zeros(threads * LINE, np.int64)
        self.teams = [
            Team(
                part=part,
                parts=threads,
                counts=self.counts.ctypes.data,
                numbers=numbers,
                samples=samples,
                memory=self._memory.ctypes.data,
                memory_bytes=4 * layout.memory,
                gradients=self._gradients.ctypes.data,
                block_bytes=4 * layout.parameters,
                room=self._room.ctypes.data,
                room_bytes=4 * layout.room,
            )
            for part in range(threads)
        ]


@njit(nogil=True)
def meet(team: Team, meeting: int) -> int:
    """Wait for all threads; the number of the next meeting, or -1: give up."""
    return meeting + 1 if arrive_and_wait(team.counts, team.part, team.parts, meeting) else -1


@njit(nogil=True)
def sum_of_numbers(team: Team, layer: int) -> float:
    """Of all threads' numbers for a layer, in the same order in each: to be read after a meeting."""
    total = 0.0
    for part in range(team.parts):
        total += team.numbers[layer, part * LINE]
    return total
