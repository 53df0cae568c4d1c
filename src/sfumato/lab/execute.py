"""Execution of trials: one per core, each on one thread."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, Protocol, Self

import torch

from sfumato import trust
from sfumato.errors import RunError
from sfumato.lab import worker
from sfumato.lab.plan import Plan
from sfumato.lab.train import Learned, train
from sfumato.lab.trial import InterruptedTrialError, Outcome, Trial, failed
from sfumato.lab.worker import Start
from sfumato.recipe.engines import ENGINES
from sfumato.training.engines import choose


class Executor(Protocol):
    """What trains an experiment's trials. Trials are plain data and outcomes are small, so they can be sent elsewhere.

    Outcomes must not depend on how many trials run at once, nor on the order in which they finish. `name_of` gives an
    executor's name.
    """

    def __call__(self, trials: Sequence[Trial], learned: Learned, stop: Callable[[], bool], /) -> Iterator[Outcome]:
        """Yield each trial's outcome as it finishes; after ``stop`` returns true, only those that had finished."""
        ...


def name_of(executor: Executor) -> str:
    """Return an executor's name for the experiment's folder: its ``name``, else its name in Python."""
    given = getattr(executor, "name", None) or getattr(executor, "__name__", None)
    return str(given or type(executor).__name__)


def executor_name(plan: Plan) -> str:
    """Return the name of the executor for a plan: threads, processes, or here.

    ``threads`` where compiled engines train all arms: their threads do not wait for each other. Else ``processes``:
    autograd spends much of its time in Python, which only one thread of a process can run. Both run one trial per core
    with one thread each, so that the numbers are the same. ``here`` where a network is a class of the main module, a
    script or a notebook, which no other process can import: one trial after the other.
    """
    if any((arm.recipe.model.module or "").startswith("__main__:") for arm in plan.arms):
        return "here"
    return "threads" if all(ENGINES[choose(arm.recipe)].compiled for arm in plan.arms) else "processes"


def executor(name: str, workers: int) -> AbstractContextManager[Executor]:
    """Return the executor of that name as a context manager that ends what it started."""
    if name == "processes":
        return Processes(workers)
    # A custom network may draw from PyTorch's global generator while it is built, so build one at a time.
    return nullcontext(Threads(1, "here") if name == "here" else Threads(workers))


class Threads:
    """An executor that trains trials in threads of this process."""

    def __init__(self, workers: int, name: str = "threads") -> None:
        self._workers = workers
        self.name = name

    def __call__(self, trials: Sequence[Trial], learned: Learned, stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Train as `Executor` describes."""
        left = False
        pool = ThreadPoolExecutor(self._workers, "sfumato-lab", initializer=torch.set_num_threads, initargs=(1,))
        try:
            futures = {pool.submit(train, trial, learned, lambda: left or stop()) for trial in trials}
            yield from _as_completed(futures)
        finally:
            left = True
            pool.shutdown(cancel_futures=True)


class Processes:
    """An executor that trains trials in subprocesses; one that dies takes no other with it.

    As a context manager it keeps its subprocesses from call to call; otherwise every call starts and ends its own.
    """

    name = "processes"

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._started: list[_Process] = []
        self._persistent = self._ending = False

    def __enter__(self) -> Self:
        self._persistent = True
        return self

    def __exit__(self, *_: object) -> None:
        self._persistent = False
        self._end()

    def __call__(self, trials: Sequence[Trial], learned: Learned, stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Train as `Executor` describes."""
        pool = ThreadPoolExecutor(self._workers, "sfumato-lab")
        finished = False
        try:
            pending = list(reversed(trials))
            futures: set[Future[Outcome]] = set()
            # Submit one trial per worker; the rest stays here, where it can be dropped.
            while (pending or futures) and not stop():
                while pending and len(futures) < self._workers:
                    futures.add(pool.submit(self._train, pending.pop(), learned))
                done, futures = wait(futures, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
            finished = not futures
        finally:
            if not (finished and self._persistent):
                # Trials that are still training are not needed any more.
                self._ending = True
                self._end()
            pool.shutdown(cancel_futures=True)
            if self._ending:
                self._end()
                self._ending = False

    def _train(self, trial: Trial, learned: Learned) -> Outcome:
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = _Process(learned)
            self._started.append(process)
            if self._ending:
                process.end()
            process.wait_until_ready()
        try:
            outcome = process.train(trial)
        except (EOFError, OSError, pickle.UnpicklingError):
            return failed(trial.key, process.describe_end())
        self._idle.put(process)
        return outcome

    def _end(self) -> None:
        while self._started:
            self._started.pop().end()
        self._idle = queue.SimpleQueue()


class _Process:
    """A subprocess that trains one trial at a time."""

    def __init__(self, learned: Learned) -> None:
        self._start = Start(tuple(sys.path), tuple(trust.allowed()), learned)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # The subprocess must import this package from where this process found it.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )

    def wait_until_ready(self) -> None:
        """Wait until the subprocess is ready, or raise RunError if it cannot start, so that no trial is blamed."""
        try:
            self._ask(self._start)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise RunError(f"a training subprocess could not be started: {self.describe_end()}") from None

    def train(self, trial: Trial) -> Outcome:
        """Return the trial's outcome. Raises EOFError or OSError when the subprocess ends meanwhile."""
        return self._ask(trial)

    def _ask(self, message: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        worker.send(self._process.stdin, message)
        return pickle.load(self._process.stdout)

    def describe_end(self) -> str:
        """Return how the subprocess ended, as the reason in its trial's row."""
        self.end(timeout=5)
        status = self._process.returncode
        if status < 0:
            return f"its process died by signal {-status}: out of memory, or killed."
        return f"its process died with exit status {status}."

    def end(self, timeout: float = 0) -> None:
        """End the subprocess, after ``timeout`` seconds in which it may end by itself."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _as_completed(futures: set[Future[Outcome]]) -> Iterator[Outcome]:
    while futures:
        done, futures = wait(futures, return_when=FIRST_COMPLETED)
        for future in done:
            try:
                yield future.result()
            except InterruptedTrialError:
                return
