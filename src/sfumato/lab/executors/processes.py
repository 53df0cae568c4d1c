"""An executor that trains trials in subprocesses: for networks that run Python, which one thread at a time can."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import IO, Any, Self

from sfumato import trust
from sfumato.errors import RunError
from sfumato.lab.executors import worker
from sfumato.lab.executors.executor import Stop, take
from sfumato.lab.executors.process_messages import Ends, Point, Request, Start, send
from sfumato.lab.train import Learned, Report, Target, target_of
from sfumato.lab.trial import Outcome, Trial, failed


class Processes:
    """An executor that trains trials in subprocesses; one that dies takes no other with it.

    As a context manager it keeps its subprocesses from call to call; otherwise every call starts and ends its own.
    """

    name = "processes"

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._idle: queue.SimpleQueue[TrainingProcess] = queue.SimpleQueue()
        self._started: list[TrainingProcess] = []
        self._persistent = self._ending = False

    def __enter__(self) -> Self:
        self._persistent = True
        return self

    def __exit__(self, *_: object) -> None:
        self._persistent = False
        self._end()

    def __call__(
        self, trials: Iterable[Trial], learned: Learned, stop: Stop, /, report: Report | None = None
    ) -> Iterator[Outcome]:
        """Train as `ReportingExecutor` describes."""
        pool = ThreadPoolExecutor(self._workers, "sfumato-lab")
        finished = False
        try:
            waiting = iter(trials)
            futures: set[Future[Outcome]] = set()
            while not stop():
                for trial in take(waiting, self._workers - len(futures)):
                    futures.add(pool.submit(self._train, trial, target_of(trial, learned), report))
                if not futures:
                    break
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

    def _train(self, trial: Trial, target: Target, report: Report | None) -> Outcome:
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = TrainingProcess()
            self._started.append(process)
            if self._ending:
                process.end()
            process.wait_until_ready()
        try:
            outcome = process.train(trial, target, report)
        except (EOFError, OSError, pickle.UnpicklingError):
            return failed(trial.key, process.describe_end())
        self._idle.put(process)
        return outcome

    def _end(self) -> None:
        while self._started:
            self._started.pop().end()
        self._idle = queue.SimpleQueue()


class TrainingProcess:
    """A subprocess that trains one trial at a time."""

    def __init__(self) -> None:
        self._start = Start(tuple(sys.path), tuple(trust.allowed()))
        self._target: Target | None = None
        """The target that the subprocess has."""
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
            self._send(self._start)
            self._receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            raise RunError(f"a training subprocess could not be started: {self.describe_end()}") from None

    def train(self, trial: Trial, target: Target, report: Report | None = None) -> Outcome:
        """Return the trial's outcome. Raises EOFError or OSError when the subprocess ends meanwhile."""
        # A target may be large, and successive trials often have the same one.
        new = target if self._target is not target else None
        self._target = target
        self._send(Request(trial, new, reports=report is not None))
        while isinstance(received := self._receive(), Point):
            assert report is not None, "only then were reports asked for"
            self._send(Ends(report(trial.key, received.values, received.passed)))
        return received

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        with _closed_is_ended(self._process.stdin):
            send(self._process.stdin, message)

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        with _closed_is_ended(self._process.stdout):
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


@contextmanager
def _closed_is_ended(pipe: IO[bytes]) -> Iterator[None]:
    """Raise EOFError where another thread has ended the subprocess and closed the pipe."""
    try:
        yield
    except ValueError:
        if pipe.closed:
            raise EOFError from None
        raise
