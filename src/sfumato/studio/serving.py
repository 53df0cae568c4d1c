"""The server: one process, one address, until it is interrupted."""

from __future__ import annotations

import contextlib
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from sfumato.errors import SfumatoError
from sfumato.studio.app import create
from sfumato.studio.web.guard import Rules
from sfumato.studio.web.patience import MOST_CONNECTIONS, Patient
from sfumato.studio.web.place import Public


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
    """Serve until Ctrl-C; 0. ``say`` is told the address. Raises SfumatoError where it cannot be had."""
    bound = _bound(host, port)
    number = bound.getsockname()[1]
    rules = Rules.of(host, number, runs, public)
    address = _address(host, number, rules)
    config = uvicorn.Config(
        create(runs, rules, experiments_folder=experiments),
        # What strangers send that is no request is theirs to know.
        log_level="error",
        http=Patient,
        limit_concurrency=MOST_CONNECTIONS,
        access_log=False,
        server_header=False,
        # Pages that listen to a run would hold the server up for ever.
        timeout_graceful_shutdown=2,
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
        uvicorn.Server(config).run([bound])
    except KeyboardInterrupt:
        # As it is ended: uvicorn raises the signal again when all is closed.
        pass
    finally:
        bound.close()
    return 0


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
