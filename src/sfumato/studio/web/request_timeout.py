"""A connection that does not say soon what it wants, or does not take what it is sent, is closed.

Those that never do would be held for ever, each with all that is still to be sent on it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0
"""For the first line and the headers of a request, and for some of what is sent to be taken."""

MOST_CONNECTIONS = 256
"""At once; a browser takes six. Others are told 503."""


class RequestTimeout(H11Protocol):
    """Waits so long for a request, or for a reader, once or twice that; an answer takes whatever it takes."""

    _looking: asyncio.TimerHandle | None = None
    _waiting: Any = False
    """The request that it was idle after when it was last looked at; None before the first, False before any look."""
    _unsent: int | None = None
    """Bytes that were waiting to be taken when it was last looked at; None where none were, or some were since."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Some of it was taken."""
        self._unsent = None
        super().resume_writing()

    def _look(self) -> None:
        # Also after it was closed: what is still to be sent is waited for, and with it the end of the connection.
        self._looking = self.loop.call_later(SECONDS, self._look)
        if self._stands_still():
            self.transport.abort()
            return
        # A request that was answered stays here until the next one.
        request: Any = self.cycle
        idle = request is None or request.response_complete
        if idle and self._waiting is request:
            self.transport.close()
            return
        self._waiting = request if idle else self

    def _stands_still(self) -> bool:
        """Whether the other side has taken nothing since the last look of what it was to take."""
        size = self.transport.get_write_buffer_size()
        # A stream of events grows while it is read, until so much waits that it is stopped.
        whole = self.flow.write_paused or self.cycle is None or self.cycle.response_complete
        if not size or not (whole or self.transport.is_closing()):
            self._unsent = None
            return False
        before, self._unsent = self._unsent, size
        return before is not None and size >= before
