"""The server: one process at one address, until it is interrupted."""

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
from sfumato.studio.state import Studio
from sfumato.studio.web.guard import Rules
from sfumato.studio.web.request_timeout import MAX_CONNECTIONS, RequestTimeout
from sfumato.studio.web.root_path import Public

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")

GRACE_SECONDS = 1.0
"""Seconds for responses to finish before connections are closed."""

SHUTDOWN_SECONDS = 4.0
"""Seconds after which the server ends without waiting for anything."""


def serve(
    runs: Path,
    experiments: Path,
    sweeps: Path,
    host: str,
    port: int,
    *,
    say: Callable[[str], None],
    browse: bool = False,
    public: Public | None = None,
) -> int:
    """Serve until Ctrl-C, SIGTERM, or SIGHUP, and return 0. ``say`` prints a line, such as the address.

    Raise SfumatoError if the address is not available.
    """
    bound = _bound(host, port)
    bound_port = bound.getsockname()[1]
    rules = Rules.of(host, bound_port, runs, public)
    address = _address(host, bound_port, rules)
    with contextlib.suppress(OSError):
        # Create it only at the start: a folder that is deleted while the studio runs stays deleted.
        runs.mkdir(parents=True, exist_ok=True)
    app = create(runs, rules, experiments_folder=experiments, sweeps_folder=sweeps)
    config = uvicorn.Config(
        app,
        # Malformed requests of other clients are not reported.
        log_level="error",
        http=RequestTimeout,
        limit_concurrency=MAX_CONNECTIONS,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(SHUTDOWN_SECONDS),
        # No proxy is trusted to set the client's address.
        proxy_headers=False,
        h11_max_incomplete_event_size=32 * 1024,
        ws="none",
    )
    say(f"studio      {address}")
    if rules.public is not None:
        say(f"listens at  {host}, port {bound_port}: forward the proxy's requests to it")
    say(f"runs        {runs}")
    say("Ctrl-C ends the studio; runs that train continue.")
    if browse:
        webbrowser.open(address)
    try:
        _Server(config, app.state.studio).run([bound])
    finally:
        bound.close()
    return 0


class _Server(uvicorn.Server):
    """A server that ends within seconds on SIGINT, SIGTERM, and SIGHUP, whatever it does."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals as uvicorn does, but do not raise them once more at the end: they end a studio normally."""
        # A closing terminal ends its processes, except those that ignore the signal, as under nohup.
        signals = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
        handled = [each for each in signals if signal.getsignal(each) != signal.SIG_IGN]
        handlers = {each: signal.signal(each, self.handle_exit) for each in handled}
        try:
            yield
        finally:
            for each, handler in handlers.items():
                signal.signal(each, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the studio first, so that responses which wait for a process or for an upload finish."""
        self._studio.end()
        aborting = asyncio.create_task(self._abort_connections())
        try:
            await super().shutdown(sockets)
        finally:
            aborting.cancel()

    async def _abort_connections(self) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, socket_type, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as cleanup:
            found = cleanup.enter_context(socket.socket(family, socket_type, protocol))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(where)
            # A browser that opens the printed address at once waits a moment, and is not refused.
            found.listen(128)
            cleanup.pop_all()
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
