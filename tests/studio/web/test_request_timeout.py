"""Timeouts of stalled connections and bodies."""

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
from sfumato.studio.web import request_bodies, request_timeout, shell
from sfumato.studio.web.guard import Rules
from tests.awaited import awaited
from tests.patience import PATIENCE
from tests.studio.client import TOKEN
from tests.studio.server import eventually

HEAD = f"Host: 127.0.0.1\r\nX-Sfumato-Token: {TOKEN}\r\n"


@pytest.fixture
def port(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the port of a server with short timeouts."""
    monkeypatch.setattr(request_timeout, "SECONDS", 0.3)
    monkeypatch.setattr(request_bodies, "MAX_SECONDS", 1.0)
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
def lenient_port(port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Lengthen the timeouts of the same server, for clients that send at once on a busy machine."""
    monkeypatch.setattr(request_timeout, "SECONDS", 1.0)
    monkeypatch.setattr(request_bodies, "MAX_SECONDS", PATIENCE)
    return port


def exchange(port: int, text: str) -> str:
    """Send a text, and return all that the server sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def exchange_all(port: int, *texts: str) -> list[str]:
    """Send several texts at once, and return the server's output for each."""
    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(lambda text: exchange(port, text), texts))


@pytest.mark.slow
def test_a_connection_without_a_request_is_closed(port: int) -> None:
    assert exchange_all(port, "", "GET /", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a") == [""] * 3


@pytest.mark.slow
def test_an_incomplete_second_request_is_closed(lenient_port: int) -> None:
    found = exchange(lenient_port, f"GET /api/runs HTTP/1.1\r\n{HEAD}\r\nGET /")
    assert found.startswith("HTTP/1.1 200")
    assert found.count("HTTP/1.1") == 1


@pytest.mark.slow
def test_a_stalled_body_is_refused(port: int, runs: Path) -> None:
    paths = ("/api/describe", "/api/pictures", "/api/runs/delete")
    texts = (f"POST {path} HTTP/1.1\r\n{HEAD}Content-Length: 100\r\n\r\n{{" for path in paths)
    for found in exchange_all(port, *texts):
        assert found.startswith("HTTP/1.1 408")
        assert "took longer than" in found
    assert not list((runs / ".studio").rglob("*.partial"))


@pytest.mark.slow
def test_a_slow_response_is_not_cut_off(lenient_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from sfumato.studio.form import description

    monkeypatch.setattr(description, "fields", lambda: (time.sleep(1.5), {})[1])
    assert exchange(lenient_port, f"GET /api/form HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n").startswith(
        "HTTP/1.1 200"
    )


@pytest.mark.slow
def test_a_slow_body_is_accepted(lenient_port: int) -> None:
    async def slowly() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", lenient_port)
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
    """Return the body of ``big.js``, larger than the buffers of sockets."""
    data = b"x" * 12_000_000

    def asset(*_: object) -> Response:
        return Response(data, media_type="application/octet-stream", headers={"Content-Encoding": "identity"})

    monkeypatch.setattr(shell, "asset", asset)
    return data


def closed(connection: socket.socket) -> bool:
    """Return whether the server has closed a connection, read completely or not."""
    try:
        # Do not read: that would make room for more.
        connection.send(b"\r\n", socket.MSG_NOSIGNAL)
    except OSError:
        return True
    return False


@pytest.mark.slow
def test_a_client_that_does_not_read_is_closed(port: int, big: bytes) -> None:
    connections = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(10)]
    try:
        for each in connections:
            each.sendall(ASKED.encode())
        eventually(lambda: all(closed(each) for each in connections))
    finally:
        for each in connections:
            each.close()


def test_a_slow_client_is_not_closed() -> None:
    # Without a clock, because on a busy machine every client is slow.
    one: Any = object.__new__(request_timeout.RequestTimeout)
    one.cycle, one.flow = None, SimpleNamespace(write_paused=True, resume_writing=lambda: None)

    def is_stalled(size: int) -> bool:
        one.transport = SimpleNamespace(get_write_buffer_size=lambda: size, is_closing=lambda: False)
        return one._is_stalled()

    assert [is_stalled(size) for size in (100, 90, 80)] == [False] * 3
    # All of it was sent, and as much was added.
    one.resume_writing()
    assert not is_stalled(80)
    assert is_stalled(80)
    assert not is_stalled(0)


def test_large_responses_are_sent_in_chunks(big: bytes, runs: Path) -> None:
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
