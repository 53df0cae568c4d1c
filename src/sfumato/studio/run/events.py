"""The stream of a run's events to one page."""

from __future__ import annotations

from pathlib import Path

import anyio
from sse_starlette.sse import EventSourceResponse
from starlette.responses import Response

from sfumato.studio.run.watching import Watchers

HEARTBEAT = 15
"""Seconds between comments, so that proxies between server and page keep the connection open."""


def stream(watchers: Watchers, folder: Path) -> Response:
    """Return server-sent events: ``state`` first, then ``line``, ``live``, ``frame``, ``moment``, and ``state``."""
    ends = anyio.Event()
    return EventSourceResponse(
        watchers.listen(folder, ends),
        ping=HEARTBEAT,
        headers={"Cache-Control": "no-store"},
        # A stream that ends as intended leaves no error on the terminal.
        shutdown_event=ends,
        shutdown_grace_period=1.0,
    )
