"""Requests to the inference worker, one at a time; those whose client has disconnected are dropped."""

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
from sfumato.studio.web import responses, run_paths
from sfumato.studio.web.errors import CLIENT_CLOSED, Problem

MAX_SECONDS = 60.0
ABANDONED_SECONDS = 2.0
"""Seconds that the worker may go on for a client that has disconnected: starting it anew takes longer."""
POLL_SECONDS = 0.25

IDLE_SECONDS = 300.0
"""Seconds without a request after which the worker is stopped, to free its memory."""


class Networks:
    """The networks of runs, evaluated by the inference worker."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._worker: Subprocess | None = None
        self._last_request = time.monotonic()
        self._lock = asyncio.Lock()
        self._cache = LRUCache()
        self._is_abandoned = False
        self._has_ended = False

    async def picture(self, request: Request, folder: Path, order: dict[str, Any]) -> Response:
        """Return a PNG of a network at saved moments."""
        modified = _modified_times(folder, order)
        data = await self.reply(request, {"folder": str(folder), **order}, modified)
        return responses.picture(request, data, "image/png", f"{max(modified):x}", responses.REVALIDATE)

    async def data(self, request: Request, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
        """Return JSON about a network at saved moments."""
        return json.loads(await self.reply(request, {"folder": str(folder), **order}, _modified_times(folder, order)))

    async def reply(self, request: Request, order: dict[str, Any], modified: list[int]) -> bytes:
        """Return the worker's reply to an order, cached until one of ``modified``, the times of its files, changes."""
        key = json.dumps([order, modified], sort_keys=True)
        if (data := self._cache.get(key)) is not None:
            return data
        async with self._lock:
            # A zoom abandons many requests.
            if await request.is_disconnected():
                raise Problem(CLIENT_CLOSED, "The client has disconnected.")
            if (data := self._cache.get(key)) is None:
                self._last_request = time.monotonic()
                head, data = await self._request(request, order)
                if "problem" in head:
                    raise Problem(409, head["problem"])
                if "json" in head:
                    data = json.dumps(head["json"]).encode()
                self._cache.put(key, data)
        return data

    async def _request(self, request: Request, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return the worker's reply; stop the worker if it computes long for a disconnected client. Raise Problem."""
        self._is_abandoned = False
        since = time.monotonic()
        answer = asyncio.ensure_future(to_thread.run_sync(self._ask, order))
        # Also if this coroutine is canceled while it waits below, when nobody retrieves the exception any more.
        answer.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            while not (await asyncio.wait({answer}, timeout=POLL_SECONDS))[0]:
                if time.monotonic() - since >= ABANDONED_SECONDS and await request.is_disconnected():
                    raise Problem(CLIENT_CLOSED, "The client has disconnected.")
            return answer.result()
        finally:
            if not answer.done():
                self._is_abandoned = True
                worker = self._worker
                if worker is not None:
                    await asyncio.shield(to_thread.run_sync(worker.end))
                with suppress(Problem):
                    await answer

    def stop_if_idle(self) -> None:
        """Stop the worker if it has been idle for long."""
        if time.monotonic() - self._last_request > IDLE_SECONDS and not self._lock.locked():
            self._stop()

    def end(self) -> None:
        """Stop the worker for good; a request that waits for its reply fails."""
        self._has_ended = True
        self._stop()

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _ask(self, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        # Retry once if the worker was stopped in the meantime, but not after a timeout.
        for _ in range(2):
            if self._has_ended:
                raise Problem(503, "The studio has ended.")
            if self._worker is None:
                self._worker = Subprocess("sfumato.studio.inspector.inference_worker")
            try:
                return self._worker.ask(order, MAX_SECONDS)
            except TimeoutError:
                self._stop()
                break
            except OSError:
                self._stop()
                if self._is_abandoned:
                    raise Problem(CLIENT_CLOSED, "The client has disconnected.") from None
        raise Problem(500, "The network could not be inspected; see the studio's terminal for the error.")


def step_of(folder: Path, text: str | None) -> int:
    """Return the step of the requested moment, by default the last. Raise Problem if there is none."""
    if text is None:
        found = layout.of_steps(folder, layout.MOMENTS)
        if not found:
            raise Problem(404, "This run has saved no weights yet.")
        return layout.step_of(found[-1])
    step = run_paths.parse_int(text, 0, 10**12 - 1, "step")
    _modified_ns(folder, step)
    return step


def _modified_times(folder: Path, order: dict[str, Any]) -> list[int]:
    return [_modified_ns(folder, step) for step in (order["step"], order.get("by", order["step"]))]


def _modified_ns(folder: Path, step: int) -> int:
    return run_paths.file(folder, *layout.moment(step).split("/")).stat().st_mtime_ns
