"""Connections and bodies that stand still."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from starlette.responses import Response

from sfumato.studio.app import create
from sfumato.studio.form import uploads
from sfumato.studio.web import bodies, request_timeout, shell
from sfumato.studio.web.guard import Rules
from tests.awaited import awaited
from tests.patience import PATIENCE
from tests.studio.client import TOKEN
from tests.studio.server import eventually

HEAD = f"Host: 127.0.0.1\r\nX-Sfumato-Token: {TOKEN}\r\n"


@pytest.fixture
def port(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Of a server with little patience."""
    monkeypatch.setattr(request_timeout, "SECONDS", 0.3)
    monkeypatch.setattr(bodies, "MAX_SECONDS", 1.0)
    monkeypatch.setattr(uploads, "MAX_UPLOAD_SECONDS", 1.0)
    app = create(runs, Rules(page_token=TOKEN), warm=False)
    server = uvicorn.Server(uvicorn.Config(app, http=request_timeout.RequestTimeout, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture
def patient(port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The same server with patience enough for who asks at once, however busy the machine is."""
    monkeypatch.setattr(request_timeout, "SECONDS", 1.0)
    monkeypatch.setattr(bodies, "MAX_SECONDS", PATIENCE)
    return port


def answer(port: int, text: str) -> str:
    """All that comes until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def answers(port: int, *texts: str) -> list[str]:
    """The same of several that are sent at once."""
    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(lambda text: answer(port, text), texts))


def test_who_asks_nothing_is_let_go(port: int) -> None:
    assert answers(port, "", "GET /", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a") == [""] * 3


def test_who_asks_once_and_then_in_part_is_let_go(patient: int) -> None:
    found = answer(patient, f"GET /api/runs HTTP/1.1\r\n{HEAD}\r\nGET /")
    assert found.startswith("HTTP/1.1 200")
    assert found.count("HTTP/1.1") == 1


@pytest.mark.slow
def test_a_body_that_stands_still_is_refused(port: int, runs: Path) -> None:
    paths = ("/api/describe", "/api/pictures", "/api/runs/delete")
    texts = (f"POST {path} HTTP/1.1\r\n{HEAD}Content-Length: 100\r\n\r\n{{" for path in paths)
    for found in answers(port, *texts):
        assert found.startswith("HTTP/1.1 408")
        assert "took longer than" in found
    assert not list((runs / ".studio").rglob("*.partial"))


@pytest.mark.slow
def test_an_answer_that_takes_long_is_waited_for(patient: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from sfumato.studio.form import fields

    monkeypatch.setattr(fields, "data", lambda: (time.sleep(1.5), {})[1])
    assert answer(patient, f"GET /api/form HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n").startswith("HTTP/1.1 200")


def test_what_comes_slowly_comes(patient: int) -> None:
    async def slowly() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", patient)
        body = '{"changes": {}}'
        writer.write(f"POST /api/describe HTTP/1.1\r\n{HEAD}Connection: close\r\nContent-Length: 15\r\n\r\n".encode())
        for letter in body:
            writer.write(letter.encode())
            await asyncio.sleep(0.08)
        found = await reader.read()
        writer.close()
        return found

    assert awaited(slowly()).startswith(b"HTTP/1.1 200")


ASKED = f"GET /assets/big.js HTTP/1.1\r\n{HEAD}\r\n"


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What is sent for ``big.js``: more than sockets hold."""
    data = b"x" * 12_000_000

    def asset(*_: object) -> Response:
        return Response(data, media_type="application/octet-stream", headers={"Content-Encoding": "identity"})

    monkeypatch.setattr(shell, "asset", asset)
    return data


def closed(connection: socket.socket) -> bool:
    """Whether the server has let go of it, with more still to be read or none."""
    try:
        # Nothing is read: what comes would make room for more.
        connection.send(b"\r\n", socket.MSG_NOSIGNAL)
    except OSError:
        return True
    return False


def test_who_reads_nothing_is_let_go(port: int, big: bytes) -> None:
    connections = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(10)]
    try:
        for each in connections:
            each.sendall(ASKED.encode())
        eventually(lambda: all(closed(each) for each in connections))
    finally:
        for each in connections:
            each.close()


def test_who_reads_slowly_is_waited_for() -> None:
    # Not by a clock: on a busy machine every reader is slow.
    one: Any = object.__new__(request_timeout.RequestTimeout)
    one.cycle, one.flow = None, SimpleNamespace(write_paused=True, resume_writing=lambda: None)

    def is_stalled(size: int) -> bool:
        one.transport = SimpleNamespace(get_write_buffer_size=lambda: size, is_closing=lambda: False)
        return one._is_stalled()

    assert [is_stalled(size) for size in (100, 90, 80)] == [False] * 3
    # All of it was taken, and as much came after it.
    one.resume_writing()
    assert not is_stalled(80)
    assert is_stalled(80)
    assert not is_stalled(0)


def test_large_answers_are_sent_bit_by_bit(big: bytes, runs: Path) -> None:
    sent: list[int] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(len(message.get("body", b"")))

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        headers = [(b"host", b"127.0.0.1")]
        path = "/assets/big.js"
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
        await create(runs, Rules(page_token=TOKEN), warm=False)(scope, receive, send)

    awaited(ask())
    assert sum(sent) == len(big)
    assert max(sent) <= 65_536
