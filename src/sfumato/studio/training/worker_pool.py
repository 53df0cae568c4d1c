"""The pool of worker processes, which train runs and check recipes. Their training outlives the server.

From the first visit to the form on, one idle worker is kept warm, having loaded everything; a worker that has trained a
run is warm too, and takes the next.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread

from sfumato.recipe import Recipe, values
from sfumato.studio.subprocess import Abandoned, Subprocess
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import CLIENT_CLOSED, Problem, field_of

WARM_AFTER = 20.0
"""Seconds into a training before the next worker is warmed; earlier it would take half of the training's time."""

MAX_SECONDS = 120.0
"""Time limit for a worker's reply."""

WAIT_SECONDS = 4.0
"""Seconds to wait for a worker that checks a recipe, about as long as loading another one takes."""

LEAVE_SECONDS = 1.0
"""Seconds in which a page that has started a run leaves the form, and with it its check."""

POLL_SECONDS = 0.25
"""Seconds between checks of whether the client still waits."""

ABANDONED_SECONDS = 2.0
"""Seconds that a check may go on for a disconnected client: most are done by then, and the worker stays warm for the
run that the client has left it for."""

CHECKS_AT_ONCE = 2
"""One automatic check and one that a person has started; each process takes a third of a GB."""

MAX_LOGS = 50


class WorkerEnded(Problem):
    """A worker that ended without a reply."""

    def __init__(self, log: Path | None) -> None:
        super().__init__(500, f"The worker process ended unexpectedly; see {log}.")


class CheckTimeout(Problem):
    """A check that exceeded its time limit, and was stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(503, f"The check was stopped after {seconds:.0f} s, without a result.")


class Worker:
    """A worker process, which loads everything first; requests wait until it is loaded."""

    def __init__(self, log: Path, limiter: CapacityLimiter) -> None:
        self.subprocess = Subprocess("sfumato.studio.training.worker", log)
        self._limiter = limiter
        self.loaded = asyncio.create_task(self._load())

    async def _load(self) -> None:
        # If the process has ended, the next request reports it.
        with suppress(OSError):
            try:
                await to_thread.run_sync(self.subprocess.ask, {"do": "load"}, MAX_SECONDS, limiter=self._limiter)
            except TimeoutError:
                # A late reply would be taken for the reply to the next request.
                await to_thread.run_sync(self.subprocess.end, limiter=self._limiter)

    async def ask(self, order: dict[str, Any], max_seconds: float = MAX_SECONDS) -> dict[str, Any]:
        """Send a request, and return the reply. End a worker that is too slow; raise CheckTimeout or WorkerEnded."""
        # The caller may be canceled; loading goes on.
        await asyncio.shield(self.loaded)
        try:
            answer, _ = await to_thread.run_sync(self.subprocess.ask, order, max_seconds, limiter=self._limiter)
        except Abandoned:
            raise WorkerEnded(self.subprocess.log) from None
        except TimeoutError:
            await to_thread.run_sync(self.subprocess.end, limiter=self._limiter)
            raise (CheckTimeout(max_seconds) if order["do"] == "check" else WorkerEnded(self.subprocess.log)) from None
        except OSError:
            self.subprocess.close()
            raise WorkerEnded(self.subprocess.log) from None
        return answer


class WorkerPool:
    """Starts workers and sends them requests."""

    def __init__(self, runs: Path, find_stored: Callable[[Recipe], Path | None] = lambda _: None) -> None:
        """Take a function that returns the run with a recipe's stored picture; None if it is read by name."""
        self.runs = runs
        self._stored = find_stored
        self._idle: list[Worker] = []
        """Idle workers: at most one, or for a moment more."""
        self._checking = 0
        """Number of workers that check a recipe, and will be idle soon."""
        self.automatic_check = asyncio.Lock()
        """Held by an automatic check, so that ten pages do not take ten processes."""
        self._check_slots = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._pending: dict[Worker, str] = {}
        """Workers whose reply is pending, and what they were asked to do."""
        self._has_ended = False
        self._keeps_warm = False
        """Whether a page was visited that may need a worker soon."""
        self._training: dict[str, tuple[Worker, float]] = {}
        """Workers that train, with their start times, by the run's name."""
        self._limiter = CapacityLimiter(64)
        """Limits the threads that wait for workers, separately from those that serve pages."""

    @property
    def training(self) -> Sequence[str]:
        """The runs that workers of this studio train, or make films of."""
        return list(self._training)

    def keep_warm(self) -> None:
        """Keep a worker warm from the next `reap` on, because a page may soon need one."""
        self._keeps_warm = True

    def reap(self) -> None:
        """Take back workers whose run is over, drop those that have ended, and warm one if one may be needed."""
        if self._has_ended:
            return
        for name, (worker, _) in list(self._training.items()):
            if worker.subprocess.ended or worker.subprocess.has_message:
                del self._training[name]
                if self._is_reusable(worker):
                    self._idle.append(worker)
        self._idle = [each for each in self._idle if not each.subprocess.ended]
        # A worker that checks will be idle, and warm; one that starts a run needs the cores first.
        is_needed = self._keeps_warm and not self._idle and not self._pending
        if is_needed and all(time.monotonic() - since >= WARM_AFTER for _, since in self._training.values()):
            self._idle.append(self._spawn())

    def trim(self) -> None:
        """Keep one idle worker, and end the others."""
        for other in self._idle[1:]:
            other.subprocess.end()
        del self._idle[1:]

    def end(self) -> None:
        """End the workers without a run, now and for good; the others train on. Requests that wait for a reply fail."""
        self._has_ended = True
        for worker in self._idle:
            # It may still be loading.
            worker.subprocess.end()
        for worker, what in self._pending.items():
            # A worker that starts a run does so, without a caller.
            worker.subprocess.abandon() if what == "resume" else worker.subprocess.end()
        for worker, _ in self._training.values():
            # Mark it as waited for, so that Python does not warn of a process that still runs.
            worker.subprocess.process.returncode = worker.subprocess.process.returncode or 0

    async def resume(self, folder: Path, wanted: Callable[[], bool] = lambda: True) -> None:
        """Start or resume a run, unless ``wanted`` returns False once there is a worker. Raise Problem."""
        worker = await self._acquire()
        self._pending[worker] = "load"
        try:
            await asyncio.shield(worker.loaded)
        finally:
            self._pending.pop(worker, None)
        if not wanted():
            self._idle.insert(0, worker)
            return
        await self._request(worker, {"do": "resume", "folder": str(folder)})

    async def require_trainable(self, recipe: Recipe) -> None:
        """Raise Problem if an idle worker reports that no engine can train the recipe.

        Without an idle worker do nothing: the run reports the error when it starts.
        """
        worker = next((each for each in self._idle if each.loaded.done() and not each.subprocess.ended), None)
        if worker is not None:
            self._idle.remove(worker)
            with suppress(WorkerEnded):
                await self._request(worker, {"do": "resolve", "recipe": values(recipe)})

    async def check(
        self,
        recipe: Recipe,
        is_disconnected: Callable[[], Awaitable[bool]],
        max_seconds: float = MAX_SECONDS,
        max_bytes: int | None = None,
    ) -> dict[str, Any]:
        """Return ``{works, findings: [{level, text}]}`` of a health check. Raise Problem.

        The worker is ended when the client disconnects, or after ``max_seconds``; a check that needs more than
        ``max_bytes`` is refused. It is not retried in another process, which would end for the same reason.
        """
        async with self._check_slots:
            if await is_disconnected():
                raise Problem(CLIENT_CLOSED, "The client has disconnected.")
            order: dict[str, Any] = {"do": "check", "recipe": values(recipe), "bytes": max_bytes}
            folder = await self.stored_picture(recipe)
            order["stored"] = None if folder is None else str(folder)
            worker = await self._acquire_loaded(is_disconnected)
            return await self._run_check(worker, order, is_disconnected, max_seconds)

    async def _run_check(
        self, worker: Worker, order: dict[str, Any], is_disconnected: Callable[[], Awaitable[bool]], max_seconds: float
    ) -> dict[str, Any]:
        self._checking += 1
        answer = asyncio.ensure_future(self._request(worker, order, max_seconds))
        left_at: float | None = None
        try:
            while not (await asyncio.wait({answer}, timeout=POLL_SECONDS))[0]:
                left_at = (left_at or time.monotonic()) if await is_disconnected() else None
                if left_at is not None and time.monotonic() - left_at >= ABANDONED_SECONDS:
                    raise Problem(CLIENT_CLOSED, "The client has disconnected.")
            return answer.result()
        finally:
            if not answer.done():
                # Also if the request itself was canceled: the worker would compute for nobody.
                await asyncio.shield(to_thread.run_sync(worker.subprocess.end))
                with suppress(Problem):
                    await answer
            self._checking -= 1

    async def stored_picture(self, recipe: Recipe) -> Path | None:
        """Return the folder of the run that has stored the recipe's picture; None for samples and uploads."""
        return await to_thread.run_sync(self._stored, recipe)

    async def _acquire_loaded(self, is_disconnected: Callable[[], Awaitable[bool]]) -> Worker:
        """Return a worker that has loaded everything; until then a training, which has priority, may take it."""
        while True:
            worker = await self._acquire()
            self._idle.insert(0, worker)
            await asyncio.shield(worker.loaded)
            if worker in self._idle:
                self._idle.remove(worker)
                return worker
            await asyncio.sleep(LEAVE_SECONDS)
            if await is_disconnected():
                raise Problem(CLIENT_CLOSED, "The client has disconnected.")

    async def _acquire(self) -> Worker:
        """Return an idle worker, if there is one or soon will be, else a new one."""
        # Another run or check may follow.
        self.keep_warm()
        until = time.monotonic() + WAIT_SECONDS
        while not self._idle and self._checking and time.monotonic() < until:
            await asyncio.sleep(0.05)
        while self._idle:
            worker = self._idle.pop(0)
            # It may have ended in the meantime.
            if not worker.subprocess.ended:
                return worker
        return self._spawn()

    async def _request(self, worker: Worker, order: dict[str, Any], max_seconds: float = MAX_SECONDS) -> dict[str, Any]:
        self._pending[worker] = order["do"]
        try:
            answer = await worker.ask(order, max_seconds)
            if "name" in answer:
                self._training[answer["name"]] = worker, time.monotonic()
            else:
                self._idle.insert(0, worker)
        finally:
            self._pending.pop(worker, None)
        if "problem" in answer:
            status = 409 if answer.get("kind") == "RunError" else 422
            raise Problem(status, answer["problem"], field_of(answer["problem"]))
        return answer

    def _is_reusable(self, worker: Worker) -> bool:
        """Return whether a worker whose run is over can take another one; end it if not."""
        try:
            worker.subprocess.next_message(MAX_SECONDS)
        except OSError:
            worker.subprocess.end()
            return False
        return True

    def _spawn(self) -> Worker:
        if self._has_ended:
            raise Problem(503, "The studio has ended.")
        logs = run_paths.studio_folder(self.runs, "logs")
        for old in sorted(logs.glob("*.log"))[:-MAX_LOGS]:
            with suppress(OSError):
                old.unlink()
        log = logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}.log"
        return Worker(log, self._limiter)
