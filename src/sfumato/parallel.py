"""Work on several cores: one thread a core, each computing alone.

The libraries' own way (OpenMP) makes the cores meet within every operation, dozens of times a training step. Where one
of them is held up, by any other program, the others spin until it comes back: measured here, a step then takes ten
times as long as on one core. Threads that meet once a step lose no more than the core that they lost.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> list[Result]:
    """``[function(item) for item in items]`` on so many threads; results in the order of the items.

    Each thread computes with one core. With one thread, or one item, the caller's own thread does the work.
    """
    torch.set_num_threads(1)
    everything = list(items)
    if threads == 1 or len(everything) == 1:
        return [function(item) for item in everything]
    # The caller is one of the threads: it would have nothing to do but wait.
    *others, own = everything
    futures = [_pool(threads - 1).submit(function, item) for item in others]
    last = function(own)
    return [*(future.result() for future in futures), last]


@functools.cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "sfumato", initializer=torch.set_num_threads, initargs=(1,))
