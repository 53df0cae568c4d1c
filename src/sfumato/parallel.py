"""Work on several cores: one thread a core, each computing alone.

The libraries' own way (OpenMP) makes the cores meet within every operation, dozens of times a training step. Where one
of them is held up, by any other program, the others spin until it comes back: measured here, a step then takes ten
times as long as on one core. Threads that meet once a step lose no more than the core that they lost.
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
    """``[function(item) for item in items]`` on so many threads; results in the order of the items.

    Each thread computes with one core. With one thread, or one item, the caller's own thread does the work.
    """
    everything = list(items)
    with torch_threads(1):
        if threads == 1 or len(everything) == 1:
            return [function(item) for item in everything]
        return _parallel_map(function, everything, threads)


def _parallel_map(function: Callable[[Item], Result], everything: list[Item], threads: int) -> list[Result]:
    work, results = iter(enumerate(everything)), dict[int, Result]()

    def take() -> None:
        # Whoever is done takes the next: a thread that is held up leaves the rest to the others.
        for number, item in work:
            results[number] = function(item)

    # The caller is one of the threads: it would have nothing to do but wait.
    futures = [_helpers(threads - 1).submit(take) for _ in range(min(threads, len(everything)) - 1)]
    try:
        take()
    finally:
        wait(futures)
    for future in futures:
        future.result()
    return [results[number] for number in range(len(everything))]


@contextmanager
def prefetch(items: Iterable[Item], most: int) -> Iterator[Iterator[Item]]:
    """The items, made by a thread of their own while the caller works: at most so many before they are asked for.

    An error that making one raises is raised where that one is asked for. At the end of the block the thread is waited
    for: it makes the item that it has begun, and no other.
    """
    made: Queue[tuple[Item] | BaseException | None] = Queue()
    room, ended = threading.Semaphore(most), threading.Event()

    def make() -> None:
        source = iter(items)
        try:
            while room.acquire() and not ended.is_set():
                made.put((next(source),))
        except StopIteration:
            made.put(None)
        except BaseException as error:
            made.put(error)

    def taken() -> Iterator[Item]:
        while (got := made.get()) is not None:
            if isinstance(got, BaseException):
                raise got
            room.release()
            yield got[0]

    thread = threading.Thread(target=make, name="sfumato-ahead")
    thread.start()
    try:
        yield taken()
    finally:
        ended.set()
        room.release()
        thread.join()


class Helpers:
    """Threads beside the caller's that wait for work.

    A forked process has none of its parent's threads: there they are made anew when the first work comes.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._pool, self._process = self._made(), os.getpid()

    def submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have one of them call the function."""
        if self._process != os.getpid():
            self._pool, self._process = self._made(), os.getpid()
        return self._pool.submit(function, *arguments)

    def _made(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._count, self._name, initializer=torch.set_num_threads, initargs=(1,))


@functools.cache
def _helpers(count: int) -> Helpers:
    return Helpers(count, "sfumato")
