"""A connection that does not say soon what it wants is closed: those that never do would be held for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0
"""For the first line and the headers of a request."""


class Patient(H11Protocol):
    """Waits so long for a request, once or twice that; one that has begun takes whatever it takes."""

    _looking: asyncio.TimerHandle | None = None
    _waiting: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        # A request that was answered stays here until the next one.
        request: Any = self.cycle
        idle = request is None or request.response_complete
        if idle and self._looking is not None and self._waiting is request:
            self.transport.close()
            return
        self._waiting = request if idle else self
        self._looking = self.loop.call_later(SECONDS, self._look)
