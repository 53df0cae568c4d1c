"""Compiled work on several threads at once, as in the engines: one thread per core, the caller among them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class ThreadGroup:
    """A group of threads for many calls."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def __call__(self, work: Callable[[int], Any]) -> None:
        """Call ``work(rank)`` for every rank, each in its thread; return when all are done."""
        others = [self._pool.submit(work, rank) for rank in range(1, self.threads)] if self._pool else []
        work(0)
        for other in others:
            other.result()
