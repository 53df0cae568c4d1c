"""Where trials are trained: one a core, each on one thread."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol

import torch

from sfumato import trust
from sfumato.lab.plan import Plan
from sfumato.lab.train import Learned, train
from sfumato.lab.trial import InterruptedTrialError, Outcome, Trial, failed
from sfumato.training.engines import choose

COMPILED = ("fused", "stacked", "online", "replica")
"""Engines that compute outside Python's lock."""


START = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
"""How processes begin. Not by a fork of this one: it may have threads."""


class Executes(Protocol):
    """Trains trials, wherever. A trial is plain data and an outcome small, so that they can be sent to other machines.

    What comes out must not depend on how many are trained at once, nor on the order in which they finish.
    """

    def __call__(self, trials: Sequence[Trial], learned: Learned, stop: Callable[[], bool], /) -> Iterator[Outcome]:
        """Outcomes as they come, each trial's once. After ``stop`` has said so, only those that had finished."""
        ...


def rule(plan: Plan) -> str:
    """``threads`` where compiled engines train all arms, so that threads of one process do not wait for each other.

    Else ``processes``: autograd spends much of its time in Python, which only one thread of a process can run.
    Either way one a core with one thread each, so that the numbers are the same.
    """
    return "threads" if all(choose(arm.recipe) in COMPILED for arm in plan.arms) else "processes"


class Threads:
    """Trials in threads of this process."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __call__(self, trials: Sequence[Trial], learned: Learned, stop: Callable[[], bool]) -> Iterator[Outcome]:
        """See `Executes`."""
        left = False
        pool = ThreadPoolExecutor(self._workers, "sfumato-lab", initializer=torch.set_num_threads, initargs=(1,))
        try:
            futures = {pool.submit(train, trial, learned, lambda: left or stop()) for trial in trials}
            yield from _as_they_come(futures)
        finally:
            left = True
            pool.shutdown(cancel_futures=True)


class Processes:
    """Trials in processes of their own; one that dies takes no other with it."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __call__(self, trials: Sequence[Trial], learned: Learned, stop: Callable[[], bool]) -> Iterator[Outcome]:
        """See `Executes`."""
        waiting = {trial.key: trial for trial in trials}
        with _pool(self._workers, learned) as pool:
            for outcome in self._outcomes(pool, list(trials), stop):
                del waiting[outcome.key]
                yield outcome
        # A worker died, killed for its memory perhaps, and the pool with it. Alone it is known who it was.
        for trial in list(waiting.values()) if not stop() else []:
            with _pool(1, learned) as pool:
                outcomes = list(self._outcomes(pool, [trial], stop))
            if not stop():
                yield from outcomes or [failed(trial.key, "its process died: out of memory, or killed.")]

    def _outcomes(self, pool: Executor, trials: Sequence[Trial], stop: Callable[[], bool]) -> Iterator[Outcome]:
        try:
            ahead = list(reversed(trials))
            futures: set[Future[Outcome]] = set()
            # As many as there are workers: the rest stays here, where it can be left undone.
            while (ahead or futures) and not stop():
                while ahead and len(futures) < self._workers:
                    futures.add(pool.submit(_train_here, ahead.pop()))
                done, futures = wait(futures, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool:
            return


def _as_they_come(futures: set[Future[Outcome]]) -> Iterator[Outcome]:
    while futures:
        done, futures = wait(futures, return_when=FIRST_COMPLETED)
        for future in done:
            try:
                yield future.result()
            except InterruptedTrialError:
                return


@contextmanager
def _pool(workers: int, learned: Learned) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context(START)
    # A server that has imported PyTorch once starts the others in a moment; it trains nothing itself.
    context.set_forkserver_preload(["sfumato.lab.train"])
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(learned, trust.allowed()))
    try:
        yield pool
    finally:
        processes = list((pool._processes or {}).values())  # pyright: ignore[reportPrivateUsage]
        pool.shutdown(wait=False, cancel_futures=True)
        # What is still being trained is of no use to anybody.
        for process in processes:
            process.terminate()


_learned: Learned | None = None


def _begin(learned: Learned, allowed: Collection[str]) -> None:
    global _learned
    import signal

    # Ctrl-C reaches every process of a terminal: the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    for name in allowed:
        trust.allow(name)
    _learned = learned


def _train_here(trial: Trial) -> Outcome:
    assert _learned is not None
    return train(trial, _learned)
