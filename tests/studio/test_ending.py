"""The studio ends promptly during any work, without messages, and leaves nothing running but trainings."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import sfumato as sf
from sfumato.runs import requests
from tests.patience import PATIENCE, eventually
from tests.studio.server import LOG, Server, server, stop_all

pytestmark = pytest.mark.slow

LARGE = {"picture": "cat", "changes": {"model.width": "1500", "model.depth": "8", "threads": "1"}}
ALL_CORES = {"changes": {"picture.max_side": "8", "model.width": "4", "budget.seconds": "600"}}
"""It takes all cores, so that only one of several trains."""


@pytest.fixture
def folder(tmp_path: Path, trained: sf.Run) -> Iterator[Path]:
    runs = tmp_path / "runs"
    shutil.copytree(trained.folder, runs / "one")
    yield runs
    stop_all(runs)


def send_in_thread(page: Server, path: str, body: object, method: str = "POST") -> None:
    """Send a request without waiting for the response."""

    def ask() -> None:
        # The server may end in the meantime.
        with suppress(OSError, ValueError, http.client.HTTPException):
            page.ask(method, path, body)

    threading.Thread(target=ask, daemon=True).start()


def start_check(page: Server, folder: Path) -> None:
    page.get("/api/form")
    eventually(lambda: list((folder / ".studio" / "logs").glob("*.log")))
    send_in_thread(page, "/api/check", {**LARGE, "pressed": True})


def start_inspection(page: Server) -> None:
    send_in_thread(page, "/api/runs/one/ranks", None, "GET")


def start_upload(page: Server, folder: Path, closed: ExitStack) -> None:
    """Send half of a picture."""
    connection = closed.enter_context(socket.create_connection(("127.0.0.1", page.port)))
    head = f"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nX-Sfumato-Token: {page.token}\r\n"
    connection.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + b"x" * 500)
    eventually(lambda: list((folder / ".studio" / "pictures").glob(".*.partial")))


def open_stream(page: Server, closed: ExitStack) -> None:
    next(closed.enter_context(page.events("one")))


def check_end(page: Server, folder: Path) -> None:
    assert page.process.wait(timeout=PATIENCE) == 0
    assert (folder.parent / LOG).read_text() == ""
    assert not list((folder / ".studio").glob("*/.*.partial"))


def statuses(folder: Path, names: list[str]) -> list[str]:
    return [json.loads((folder / name / "run.json").read_text())["status"] for name in names]


def test_ctrl_c_during_a_check_and_an_event_stream(folder: Path) -> None:
    with ExitStack() as closed, server(folder) as page:
        open_stream(page, closed)
        start_check(page, folder)
        # A terminal sends it to all processes of its group.
        os.killpg(page.process.pid, signal.SIGINT)
        check_end(page, folder)


def test_sighup_while_runs_start_and_sigterm_during_all_work(folder: Path) -> None:
    with server(folder) as page:
        # Before the worker has loaded.
        names = [page.ask("POST", "/api/runs", ALL_CORES)[1]["name"] for _ in range(3)]
        os.kill(page.process.pid, signal.SIGHUP)
        check_end(page, folder)
    # Queued runs stay for the next studio.
    found = statuses(folder, names)
    assert set(found) <= {"queued", "running"}
    assert found.count("queued") >= 2
    with ExitStack() as closed, server(folder) as page:
        eventually(lambda: "running" in [page.get(f"/api/runs/{name}")["state"] for name in names])
        open_stream(page, closed)
        start_upload(page, folder, closed)
        start_inspection(page)
        os.kill(page.process.pid, signal.SIGTERM)
        check_end(page, folder)
    assert sorted(statuses(folder, names)) == ["queued", "queued", "running"]
    assert [requests.is_live(folder / name) for name in names].count(True) == 1
