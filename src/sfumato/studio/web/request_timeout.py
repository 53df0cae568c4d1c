"""Timeouts of connections: one that sends no complete request, or does not read the response, is closed.

Otherwise such a connection would be held for ever, with all that is still to be sent on it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0
"""Time limit for a request's headers, and for the client to read some of what is sent."""

MAX_CONNECTIONS = 256
"""Connections at the same time, of which a browser opens six; others receive 503."""


class RequestTimeout(H11Protocol):
    """Closes a connection that waits for a request, or for its reader, one to two times `SECONDS`."""

    _timer: asyncio.TimerHandle | None = None
    _idle_after: Any = False
    """The request after which it was idle at the last check; None before the first request, False before any check."""
    _unsent: int | None = None
    """Unsent bytes at the last check; None if there were none, or some were sent since."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start the timer."""
        super().connection_made(transport)
        self._check()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Note that the client has read some of what was sent."""
        self._unsent = None
        super().resume_writing()

    def _check(self) -> None:
        # Also after close(), which waits until everything is sent.
        self._timer = self.loop.call_later(SECONDS, self._check)
        if self._is_stalled():
            self.transport.abort()
            return
        # A finished request stays here until the next one.
        request: Any = self.cycle
        idle = request is None or request.response_complete
        if idle and self._idle_after is request:
            self.transport.close()
            return
        self._idle_after = request if idle else self

    def _is_stalled(self) -> bool:
        """Return whether the client has read nothing since the last check though there was something to read."""
        size = self.transport.get_write_buffer_size()
        # An event stream adds data while it is read, until so much is unsent that it is paused.
        whole = self.flow.write_paused or self.cycle is None or self.cycle.response_complete
        if not size or not (whole or self.transport.is_closing()):
            self._unsent = None
            return False
        before, self._unsent = self._unsent, size
        return before is not None and size >= before
