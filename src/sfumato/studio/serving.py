"""The server: one process, one address, until it is interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from sfumato.errors import SfumatoError
from sfumato.studio.app import create
from sfumato.studio.shared import Studio
from sfumato.studio.web.guard import Rules
from sfumato.studio.web.place import Public
from sfumato.studio.web.request_timeout import MOST_CONNECTIONS, RequestTimeout

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")

POLITE = 1.0
"""Seconds in which answers may come to their end before connections are closed."""

LEFT_WITHIN = 4.0
"""Seconds after which nothing is waited for any more."""


def serve(
    runs: Path,
    experiments: Path,
    host: str,
    port: int,
    *,
    say: Callable[[str], None],
    browse: bool = False,
    public: Public | None = None,
) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP; 0. ``say`` is told the address.

    Raises SfumatoError where it cannot be had.
    """
    bound = _bound(host, port)
    number = bound.getsockname()[1]
    rules = Rules.of(host, number, runs, public)
    address = _address(host, number, rules)
    with contextlib.suppress(OSError):
        # Here, and not later: what is deleted while the studio runs is not brought back by looking.
        runs.mkdir(parents=True, exist_ok=True)
    app = create(runs, rules, experiments_folder=experiments)
    config = uvicorn.Config(
        app,
        # What strangers send that is no request is theirs to know.
        log_level="error",
        http=RequestTimeout,
        limit_concurrency=MOST_CONNECTIONS,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(LEFT_WITHIN),
        # Nobody stands between.
        proxy_headers=False,
        h11_max_incomplete_event_size=32 * 1024,
        ws="none",
    )
    say(f"studio      {address}")
    if rules.public is not None:
        say(f"listens at  {host}, port {number}: where the proxy must ask")
    say(f"runs        {runs}")
    say("Ctrl-C ends it; runs that train go on.")
    if browse:
        webbrowser.open(address)
    try:
        _Server(config, app.state.studio).run([bound])
    finally:
        bound.close()
    return 0


class _Server(uvicorn.Server):
    """Ends on SIGINT, SIGTERM and SIGHUP alike, within seconds, whatever it is at."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, which would raise the signal once more when all is closed: here it is how a studio ends."""
        # A terminal that closes ends what it has begun, but for what was told to ignore it, as nohup does.
        there = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
        heard = [each for each in there if signal.getsignal(each) != signal.SIG_IGN]
        before = {each: signal.signal(each, self.handle_exit) for each in heard}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let everything go first: answers that wait for a process, or for what a page sends, come to their end."""
        self._studio.end()
        leaving = asyncio.create_task(self._leave())
        try:
            await super().shutdown(sockets)
        finally:
            leaving.cancel()

    async def _leave(self) -> None:
        await asyncio.sleep(POLITE)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, number, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as closed_unless_good:
            found = closed_unless_good.enter_context(socket.socket(family, kind, number))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(where)
            # Whoever opens the address as soon as it is printed waits a moment, and is not turned away.
            found.listen(128)
            closed_unless_good.pop_all()
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        remedy = "another --port, or 0 for any that is free" if port else "another --host"
        raise SfumatoError(f"studio cannot listen at {host}, port {port}: {reason}; choose {remedy}.") from None
    return found


def _address(host: str, port: int, rules: Rules) -> str:
    token = f"?token={rules.access}" if rules.access else ""
    if rules.public is not None:
        return rules.public.address + token
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/{token}"
