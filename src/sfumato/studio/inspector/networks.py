"""Asks the inference_worker, one question at a time, and drops those that nobody waits for any more."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from sfumato.runs import layout
from sfumato.studio.lru_cache import LRUCache
from sfumato.studio.subprocess import Subprocess
from sfumato.studio.web import answers, names
from sfumato.studio.web.problems import GONE, Problem

MOST_SECONDS = 60.0
LEFT_ALONE = 2.0
"""Seconds that the inference_worker may take for an answer that nobody waits for: to load it anew takes longer."""
LOOK_EVERY = 0.25

IDLE_SECONDS = 300.0
"""After which the inference_worker is let go, with its memory."""


class Networks:
    """The networks of runs, for those who look inside."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._looker: Subprocess | None = None
        self._asked = time.monotonic()
        self._one = asyncio.Lock()
        self._cache = LRUCache()
        self._given_up = False
        self._has_ended = False

    async def picture(self, request: Request, folder: Path, order: dict[str, Any]) -> Response:
        """A PNG of a network at saved moments."""
        stamps = _stamps(folder, order)
        data = await self.answer(request, {"folder": str(folder), **order}, stamps)
        return answers.picture(request, data, "image/png", f"{max(stamps):x}", answers.ASK_AGAIN)

    async def data(self, request: Request, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
        """JSON about a network at saved moments."""
        return json.loads(await self.answer(request, {"folder": str(folder), **order}, _stamps(folder, order)))

    async def answer(self, request: Request, order: dict[str, Any], stamps: list[int]) -> bytes:
        """Return the worker's answer to an order; cached until one of ``stamps``, its files' times, changes."""
        key = json.dumps([order, stamps], sort_keys=True)
        if (data := self._cache.get(key)) is not None:
            return data
        async with self._one:
            # Whoever zooms on leaves many questions behind.
            if await request.is_disconnected():
                raise Problem(GONE, "Nobody waits for this any more.")
            if (data := self._cache.get(key)) is None:
                self._asked = time.monotonic()
                head, data = await self._asked_for(request, order)
                if "problem" in head:
                    raise Problem(409, head["problem"])
                if "json" in head:
                    data = json.dumps(head["json"]).encode()
                self._cache.put(key, data)
        return data

    async def _asked_for(self, request: Request, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return the worker's answer; end it where it computes long for a client that has left. Raises Problem."""
        self._given_up = False
        since = time.monotonic()
        answer = asyncio.ensure_future(to_thread.run_sync(self._ask, order))
        # Also where who asks is canceled while it waits below: nobody is told of this answer's end any more.
        answer.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            while not (await asyncio.wait({answer}, timeout=LOOK_EVERY))[0]:
                if time.monotonic() - since >= LEFT_ALONE and await request.is_disconnected():
                    raise Problem(GONE, "Nobody waits for this any more.")
            return answer.result()
        finally:
            if not answer.done():
                self._given_up = True
                inference_worker = self._looker
                if inference_worker is not None:
                    await asyncio.shield(to_thread.run_sync(inference_worker.end))
                with suppress(Problem):
                    await answer

    def stop_if_idle(self) -> None:
        """Let the inference_worker go when it has long not been asked."""
        if time.monotonic() - self._asked > IDLE_SECONDS and not self._one.locked():
            self._let_go()

    def end(self) -> None:
        """Let the inference_worker go, for ever; who waits for its answer hears of it."""
        self._has_ended = True
        self._let_go()

    def _let_go(self) -> None:
        if self._looker is not None:
            self._looker.end()
            self._looker = None

    def _ask(self, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        # Once more where somebody has ended the inference_worker meanwhile, and not where it takes too long.
        for _ in range(2):
            if self._has_ended:
                raise Problem(503, "The studio has ended.")
            if self._looker is None:
                self._looker = Subprocess("sfumato.studio.inspector.inference_worker")
            try:
                return self._looker.ask(order, MOST_SECONDS)
            except TimeoutError:
                self._let_go()
                break
            except OSError:
                self._let_go()
                if self._given_up:
                    raise Problem(GONE, "Nobody waits for this any more.") from None
        raise Problem(500, "The network could not be looked into; the studio's terminal says why.")


def step_of(folder: Path, asked: str | None) -> int:
    """The saved moment that is asked for, by default the last. Raises Problem where there is none."""
    if asked is None:
        found = layout.of_steps(folder, layout.MOMENTS)
        if not found:
            raise Problem(404, "This run has saved no weights yet.")
        return layout.step_of(found[-1])
    step = names.whole(asked, 0, 10**12 - 1, "step")
    _stamp(folder, step)
    return step


def _stamps(folder: Path, order: dict[str, Any]) -> list[int]:
    return [_stamp(folder, step) for step in (order["step"], order.get("by", order["step"]))]


def _stamp(folder: Path, step: int) -> int:
    return names.file(folder, *layout.moment(step).split("/")).stat().st_mtime_ns
