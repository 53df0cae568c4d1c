"""Processes that train runs, one after another, and check recipes. What they train goes on when the server ends.

From the time when somebody opens the form one is warm, having loaded everything; one that has trained a run is as warm,
and takes the next.
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
from sfumato.studio.subprocess import Left, Subprocess
from sfumato.studio.web import names
from sfumato.studio.web.problems import GONE, Problem, field_of

WARM_AFTER = 20.0
"""Seconds of a training after which the next child is warmed beside it; before, it would take half its time."""

MOST_SECONDS = 120.0
"""That a child may take to answer."""

MOST_WAITING = 4.0
"""Seconds for which an order waits for a child that checks a recipe: about what loading another one takes."""

LEAVING = 1.0
"""Seconds in which the page that has started a run has left the form, and its check."""

LOOK_EVERY = 0.25
"""Seconds between two looks at whether somebody still waits for a check."""

LEFT_ALONE = 2.0
"""Seconds that a check may still take when nobody waits for it: most are done by then, and their process stays warm for
the run that somebody has left it for."""

CHECKS_AT_ONCE = 2
"""One that a page has begun by itself, and one that a person has asked for: each process takes a third of a GB."""

LOGS_KEPT = 50


class Ended(Problem):
    """A child that has not answered."""

    def __init__(self, log: Path | None) -> None:
        super().__init__(500, f"The training process ended without a word; see {log}.")


class Slow(Problem):
    """A check that has taken too long, and was ended."""

    def __init__(self, seconds: float) -> None:
        super().__init__(503, f"The check was ended after {seconds:.0f} s, without a result.")


class Worker:
    """A child that loads everything first, and can be given to somebody meanwhile: their order waits until then."""

    def __init__(self, log: Path, asking: CapacityLimiter) -> None:
        self.child = Subprocess("sfumato.studio.training.worker", log)
        self._asking = asking
        self.loaded = asyncio.create_task(self._load())

    async def _load(self) -> None:
        # One that has ended says so to who asks next.
        with suppress(OSError):
            try:
                await to_thread.run_sync(self.child.ask, {"do": "load"}, MOST_SECONDS, limiter=self._asking)
            except TimeoutError:
                # Its late answer would be taken for the answer to the next question.
                await to_thread.run_sync(self.child.end, limiter=self._asking)

    async def ask(self, order: dict[str, Any], most_seconds: float = MOST_SECONDS) -> dict[str, Any]:
        """Its answer. Raises Ended, or Slow where a check takes longer than that; it is ended then."""
        # Who asks may leave; loading goes on.
        await asyncio.shield(self.loaded)
        try:
            answer, _ = await to_thread.run_sync(self.child.ask, order, most_seconds, limiter=self._asking)
        except Left:
            raise Ended(self.child.log) from None
        except TimeoutError:
            await to_thread.run_sync(self.child.end, limiter=self._asking)
            raise (Slow(most_seconds) if order["do"] == "check" else Ended(self.child.log)) from None
        except OSError:
            self.child.close()
            raise Ended(self.child.log) from None
        return answer


class WorkerPool:
    """Starts them and gives them orders."""

    def __init__(self, runs: Path, stored: Callable[[Recipe], Path | None] = lambda _: None) -> None:
        """``stored`` tells which run has stored the picture of a recipe, None where it is read by its name."""
        self.runs = runs
        self._stored = stored
        self._idle: list[Worker] = []
        """Those that nobody has: one, or for a moment more."""
        self._checking = 0
        """How many are at a recipe's check, and come back."""
        self.one_check = asyncio.Lock()
        """Held by the check that a page has begun by itself: ten pages do not take ten processes."""
        self._few_checks = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._asked: dict[Worker, str] = {}
        """Those that have an order, which, and have not answered yet."""
        self._has_ended = False
        self._is_expecting = False
        """Whether somebody has looked at what asks for a child."""
        self._training: dict[str, tuple[Worker, float]] = {}
        """By the run's name, and since when."""
        self._asking = CapacityLimiter(64)
        """Threads that wait for an answer, apart from those that answer pages."""

    @property
    def training(self) -> Sequence[str]:
        """The runs that children of this studio train, or make films of."""
        return list(self._training)

    def expect(self) -> None:
        """Keep a child warm from the next `tidy` on: somebody has opened a page that asks for one."""
        self._is_expecting = True

    def reap(self) -> None:
        """Take those back whose run is over, forget those that have ended, and warm one where one is expected."""
        if self._has_ended:
            return
        for name, (worker, _) in list(self._training.items()):
            if worker.child.ended or worker.child.has_answer:
                del self._training[name]
                if self._is_free(worker):
                    self._idle.append(worker)
        self._idle = [each for each in self._idle if not each.child.ended]
        # Who checks comes back, and is warm; who begins a run wants the cores first.
        is_needed = self._is_expecting and not self._idle and not self._asked
        if is_needed and all(time.monotonic() - since >= WARM_AFTER for _, since in self._training.values()):
            self._idle.append(self._new())

    def spare(self) -> None:
        """Keep one warm child, and end the others."""
        for other in self._idle[1:]:
            other.child.end()
        del self._idle[1:]

    def end(self) -> None:
        """Let those go that have no run, now and for ever; the others train on. Who waits for one hears of it."""
        self._has_ended = True
        for worker in self._idle:
            # It may still be loading what nobody will need.
            worker.child.end()
        for worker, what in self._asked.items():
            # One that begins a run does so, and is not waited for.
            worker.child.leave() if what == "resume" else worker.child.end()
        for worker, _ in self._training.values():
            # It is not ours to wait for any more, and no leak that Python should warn of.
            worker.child.process.returncode = worker.child.process.returncode or 0

    async def resume(self, folder: Path, wanted: Callable[[], bool] = lambda: True) -> None:
        """Begin a run, or go on with it, unless it is not ``wanted`` any more when there is a child. Raises Problem."""
        worker = await self._free()
        self._asked[worker] = "load"
        try:
            await asyncio.shield(worker.loaded)
        finally:
            self._asked.pop(worker, None)
        if not wanted():
            self._idle.insert(0, worker)
            return
        await self._answer(worker, {"do": "resume", "folder": str(folder)})

    async def refuse(self, recipe: Recipe) -> None:
        """Raise Problem where a child that has nothing to do says that no engine can train the recipe.

        Where none is free nothing is said: the run does, when its turn comes.
        """
        worker = next((each for each in self._idle if each.loaded.done() and not each.child.ended), None)
        if worker is not None:
            self._idle.remove(worker)
            with suppress(Ended):
                await self._answer(worker, {"do": "resolve", "recipe": values(recipe)})

    async def check(
        self,
        recipe: Recipe,
        has_left: Callable[[], Awaitable[bool]],
        most_seconds: float = MOST_SECONDS,
        most_bytes: int | None = None,
    ) -> dict[str, Any]:
        """``{works, findings: [{level, text}]}``. Raises Problem. ``has_left`` says whether nobody waits any more.

        Its process is ended when nobody does, or when it takes longer than ``most_seconds``; what takes it more than
        ``most_bytes`` is refused there. It is not asked again in another process: what ended one would end that too.
        """
        async with self._few_checks:
            if await has_left():
                raise Problem(GONE, "Nobody waits for this any more.")
            order: dict[str, Any] = {"do": "check", "recipe": values(recipe), "bytes": most_bytes}
            stored = await self.stored_picture(recipe)
            order["stored"] = None if stored is None else str(stored)
            worker = await self._loaded(has_left)
            return await self._checked(worker, order, has_left, most_seconds)

    async def _checked(
        self, worker: Worker, order: dict[str, Any], has_left: Callable[[], Awaitable[bool]], most_seconds: float
    ) -> dict[str, Any]:
        self._checking += 1
        answer = asyncio.ensure_future(self._answer(worker, order, most_seconds))
        left_at: float | None = None
        try:
            while not (await asyncio.wait({answer}, timeout=LOOK_EVERY))[0]:
                left_at = (left_at or time.monotonic()) if await has_left() else None
                if left_at is not None and time.monotonic() - left_at >= LEFT_ALONE:
                    raise Problem(GONE, "Nobody waits for this any more.")
            return answer.result()
        finally:
            if not answer.done():
                # Also where the request itself was canceled: it would compute on, and for nobody.
                await asyncio.shield(to_thread.run_sync(worker.child.end))
                with suppress(Problem):
                    await answer
            self._checking -= 1

    async def stored_picture(self, recipe: Recipe) -> Path | None:
        """The folder of the run that has stored the picture, where no file of the studio's own holds it."""
        return await to_thread.run_sync(self._stored, recipe)

    async def _loaded(self, has_left: Callable[[], Awaitable[bool]]) -> Worker:
        """One that has loaded everything; until then a training, which people wait for more, may have it."""
        while True:
            worker = await self._free()
            self._idle.insert(0, worker)
            await asyncio.shield(worker.loaded)
            if worker in self._idle:
                self._idle.remove(worker)
                return worker
            await asyncio.sleep(LEAVING)
            if await has_left():
                raise Problem(GONE, "Nobody waits for this any more.")

    async def _free(self) -> Worker:
        """One to be asked: a warm one, if there is one or will be in a moment."""
        # Another run or check may follow.
        self.expect()
        until = time.monotonic() + MOST_WAITING
        while not self._idle and self._checking and time.monotonic() < until:
            await asyncio.sleep(0.05)
        while self._idle:
            worker = self._idle.pop(0)
            # Someone may have ended it meanwhile.
            if not worker.child.ended:
                return worker
        return self._new()

    async def _answer(
        self, worker: Worker, order: dict[str, Any], most_seconds: float = MOST_SECONDS
    ) -> dict[str, Any]:
        self._asked[worker] = order["do"]
        try:
            answer = await worker.ask(order, most_seconds)
            if "name" in answer:
                self._training[answer["name"]] = worker, time.monotonic()
            else:
                self._idle.insert(0, worker)
        finally:
            self._asked.pop(worker, None)
        if "problem" in answer:
            status = 409 if answer.get("kind") == "RunError" else 422
            raise Problem(status, answer["problem"], field_of(answer["problem"]))
        return answer

    def _is_free(self, worker: Worker) -> bool:
        """Whether a child whose run is over can take another one."""
        try:
            worker.child.next_answer(MOST_SECONDS)
        except OSError:
            worker.child.end()
            return False
        return True

    def _new(self) -> Worker:
        if self._has_ended:
            raise Problem(503, "The studio has ended.")
        logs = names.own_folder(self.runs, "logs")
        for old in sorted(logs.glob("*.log"))[:-LOGS_KEPT]:
            with suppress(OSError):
                old.unlink()
        log = logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}.log"
        return Worker(log, self._asking)
