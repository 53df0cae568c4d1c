"""A side in a process of its own, which trains on request: sides alternate, and no thread pool disturbs another's.

While one trains, the others wait at their pipes and use no core.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Protocol

import peers
from settings import SETTINGS, pixels, problem


class AbsentError(Exception):
    """A side that cannot run here; the reason in one line."""


class Trainer(Protocol):
    """A side that is prepared and trained."""

    def prepare(self, setting: str) -> None:
        """Build and warm up the side. Raises AbsentError where it cannot run."""
        ...

    def train(self, setting: str, number: int, steps: int) -> tuple[float, float]:
        """Return (seconds, loss) of round ``number``: ``steps`` steps from the initial weights."""
        ...


class Worker:
    """The side ``name`` of `peers.NAMES` in a process of its own, on ``threads`` cores."""

    def __init__(self, name: str, threads: int) -> None:
        # Spawn, since a fork would inherit the parent's thread pools without their threads.
        context = multiprocessing.get_context("spawn")
        self._pipe, child_pipe = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_pipe, name, threads), daemon=True)
        self._process.start()
        child_pipe.close()

    def prepare(self, setting: str) -> None:
        """Build and warm up the side. Raises AbsentError where it cannot run."""
        self._ask("prepare", setting)

    def train(self, setting: str, number: int, steps: int) -> tuple[float, float]:
        """Return (seconds, loss) of round ``number``: ``steps`` steps from the initial weights."""
        return self._ask("train", setting, number, steps)

    def close(self) -> None:
        """End the process."""
        with suppress(OSError):
            self._pipe.send(None)
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
        self._pipe.close()

    def _ask(self, *request: Any) -> Any:
        try:
            response = self._request(request)
        except (EOFError, OSError) as error:
            raise AbsentError("its process ended") from error
        if isinstance(response, str):
            raise AbsentError(response)
        return response

    def _request(self, request: tuple[Any, ...]) -> Any:
        self._pipe.send(request)
        return self._pipe.recv()


class RequestHandler:
    """Handler of the requests of a `Worker` in its process."""

    def __init__(self, name: str, threads: int) -> None:
        self._module = peers.NAMES[name]
        self._threads = threads
        self._sides: dict[str, peers.Side] = {}

    def handle(self, what: str, setting: str, *rest: int) -> tuple[()] | tuple[float, float] | str:
        """Return ``()`` after preparing a setting, (seconds, loss) of a training, or the reason of a failure."""
        try:
            if what == "prepare":
                module = import_module(f"peers.{self._module}")
                self._sides[setting] = module.prepare(problem(SETTINGS[setting]), self._threads)
                return ()
            number, steps = rest
            samples = pixels(SETTINGS[setting], number, steps).reshape(steps, -1)
            self._sides[setting].restart()
            before = time.perf_counter()
            loss = self._sides[setting].train(samples)
            return time.perf_counter() - before, loss
        except ImportError as error:
            return f"{error.name or error} is not installed; pip install -e '.[bench]'"
        except Exception as error:
            # A compiler may raise anything: its row is left out by name, and the others continue.
            return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def _serve(pipe: Connection, name: str, threads: int) -> None:
    _confine(threads)
    handler = RequestHandler(name, threads)
    while (request := pipe.recv()) is not None:
        pipe.send(handler.handle(*request))


def _confine(threads: int) -> None:
    # Restrict the cores before any import, since some libraries size their pools by them.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
