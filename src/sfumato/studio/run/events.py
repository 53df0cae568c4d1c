"""The stream of what happens in a run, to one page."""

from __future__ import annotations

from pathlib import Path

import anyio
from sse_starlette.sse import EventSourceResponse
from starlette.responses import Response

from sfumato.studio.run.watching import Watchers

HEARTBEAT = 15
"""Seconds between comments, so that what is between server and page keeps the connection."""


def stream(watchers: Watchers, folder: Path) -> Response:
    """Server-sent events: ``state`` first, then ``line``, ``live``, ``frame``, ``moment``, ``state`` as they come."""
    ends = anyio.Event()
    return EventSourceResponse(
        watchers.listen(folder, ends),
        ping=HEARTBEAT,
        headers={"Cache-Control": "no-store"},
        # A stream that is ended as it should be leaves no error on the terminal.
        shutdown_event=ends,
        shutdown_grace_period=1.0,
    )
