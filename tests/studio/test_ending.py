"""The studio is ended while it is at something: at once, without a word, and with nothing left behind but trainings."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import sfumato as sf
from sfumato.runs import entry
from tests.patience import PATIENCE
from tests.studio.server import LOG, Server, eventually, server, stop_all

pytestmark = pytest.mark.slow

LARGE = {"picture": "cat", "changes": {"model.width": "1500", "model.depth": "8", "threads": "1"}}
WAITS = {"changes": {"picture.max_side": "8", "model.width": "4", "budget.seconds": "600", "engine": "autograd"}}


@pytest.fixture
def folder(tmp_path: Path, trained: sf.Run) -> Iterator[Path]:
    runs = tmp_path / "runs"
    shutil.copytree(trained.folder, runs / "one")
    yield runs
    stop_all(runs)


def aside(page: Server, path: str, body: object, method: str = "POST") -> None:
    """Ask, and not wait for the answer."""

    def ask() -> None:
        # As it is where a server ends meanwhile.
        with suppress(OSError, ValueError, http.client.HTTPException):
            page.ask(method, path, body)

    threading.Thread(target=ask, daemon=True).start()


def a_check(page: Server, folder: Path, closed: ExitStack) -> None:
    eventually(lambda: list((folder / ".studio" / "logs").glob("*.log")))
    aside(page, "/api/check", {**LARGE, "pressed": True})


def a_look(page: Server, folder: Path, closed: ExitStack) -> None:
    aside(page, "/api/runs/one/ranks", None, "GET")


def a_queue(page: Server, folder: Path, closed: ExitStack) -> None:
    names = [page.ask("POST", "/api/runs", WAITS)[1]["name"] for _ in range(3)]
    eventually(lambda: entry.read(folder / names[0]).state == "running")


def a_start(page: Server, folder: Path, closed: ExitStack) -> None:
    """Before the process that is to train has loaded."""
    assert page.ask("POST", "/api/runs", WAITS)[0] == 201


def an_upload(page: Server, folder: Path, closed: ExitStack) -> None:
    """Half of a picture."""
    connection = closed.enter_context(socket.create_connection(("127.0.0.1", page.port)))
    head = f"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nX-Sfumato-Token: {page.token}\r\n"
    connection.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + b"x" * 500)
    eventually(lambda: list((folder / ".studio" / "pictures").glob(".*.partial")))


def a_stream(page: Server, folder: Path, closed: ExitStack) -> None:
    next(closed.enter_context(page.events("one")))


AT = [(each, signal.SIGTERM) for each in (a_look, a_queue, a_start, an_upload, a_stream)]
AT += [(a_check, each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
"""All signals take the same way: one of them is sent at everything."""


@pytest.mark.parametrize(("busy", "number"), AT)
def test_it_ends_whatever_it_is_at(
    folder: Path, busy: Callable[[Server, Path, ExitStack], None], number: signal.Signals
) -> None:
    with ExitStack() as closed, server(folder) as page:
        busy(page, folder, closed)
        os.kill(page.process.pid, number)
        assert page.process.wait(timeout=PATIENCE) == 0
    assert (folder.parent / LOG).read_text() == ""
    assert not list((folder / ".studio").glob("*/.*.partial"))


def test_what_waits_is_there_afterwards(folder: Path) -> None:
    with server(folder) as page:
        names = [page.ask("POST", "/api/runs", WAITS)[1]["name"] for _ in range(3)]
        os.kill(page.process.pid, signal.SIGTERM)
        assert page.process.wait(timeout=PATIENCE) == 0
    states = {name: json.loads((folder / name / "run.json").read_text())["status"] for name in names}
    assert set(states.values()) <= {"queued", "running"}
    with server(folder) as page:
        assert sum(page.get(f"/api/runs/{name}")["state"] == "queued" for name in names) >= 2
        eventually(lambda: any(page.get(f"/api/runs/{name}")["state"] == "running" for name in names))
