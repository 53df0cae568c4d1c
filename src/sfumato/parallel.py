"""Work on several cores: one thread per core, each of which computes with one core.

OpenMP, which the libraries use, synchronizes the cores within every operation, dozens of times per training step. If
another program delays one of them, the others spin until it returns: measured here, a step then takes ten times as
long as on one core. Threads that synchronize once per step lose no more than the delayed core.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import Queue
from typing import Any, TypeVar

import torch

from sfumato.process_state import torch_threads

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> list[Result]:
    """Return ``[function(item) for item in items]``, computed on ``threads`` threads.

    Each thread computes with one core. With one thread, or one item, the caller's thread does the work.
    """
    all_items = list(items)
    with torch_threads(1):
        if threads == 1 or len(all_items) == 1:
            return [function(item) for item in all_items]
        return _parallel_map(function, all_items, threads)


def _parallel_map(function: Callable[[Item], Result], all_items: list[Item], threads: int) -> list[Result]:
    pending, results = iter(enumerate(all_items)), dict[int, Result]()

    def work_loop() -> None:
        # A thread that is done takes the next item, so that a delayed thread leaves its share to the others.
        for number, item in pending:
            results[number] = function(item)

    # The caller's thread works, too: otherwise it would only wait.
    futures = [_helpers(threads - 1).submit(work_loop) for _ in range(min(threads, len(all_items)) - 1)]
    try:
        work_loop()
    finally:
        wait(futures)
    for future in futures:
        future.result()
    return [results[number] for number in range(len(all_items))]


@contextmanager
def prefetch(items: Iterable[Item], max_ahead: int) -> Iterator[Iterator[Item]]:
    """Yield an iterator over the items, which a separate thread produces, at most ``max_ahead`` before they are taken.

    An error in the production of an item is raised where that item is taken. The end of the block waits for the thread,
    which finishes the item that it is producing, and no other.
    """
    produced: Queue[tuple[Item] | BaseException | None] = Queue()
    capacity, ended = threading.Semaphore(max_ahead), threading.Event()

    def produce() -> None:
        source = iter(items)
        try:
            while capacity.acquire() and not ended.is_set():
                produced.put((next(source),))
        except StopIteration:
            produced.put(None)
        except BaseException as error:
            produced.put(error)

    def consume() -> Iterator[Item]:
        while (item := produced.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            capacity.release()
            yield item[0]

    thread = threading.Thread(target=produce, name="sfumato-prefetch")
    thread.start()
    try:
        yield consume()
    finally:
        ended.set()
        capacity.release()
        thread.join()


class Helpers:
    """A pool of threads beside the caller's.

    A forked process has none of its parent's threads, so there the pool is created again for the first work.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._pool, self._process = self._create(), os.getpid()

    def submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Call the function in one of the threads; return its future."""
        if self._process != os.getpid():
            self._pool, self._process = self._create(), os.getpid()
        return self._pool.submit(function, *arguments)

    def _create(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._count, self._name, initializer=torch.set_num_threads, initargs=(1,))


@functools.cache
def _helpers(count: int) -> Helpers:
    return Helpers(count, "sfumato")
