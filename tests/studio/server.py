"""A studio in a separate process, and its client."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import requests
from tests.patience import PATIENCE, eventually

LOG = "studio.log"
"""File next to the folder of runs with the standard error of the servers."""


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        page = self.ask("GET", "/")[1]
        self.token = re.search(r'name="sfumato-token" content="([^"]+)"', page)[1]  # pyright: ignore[reportOptionalSubscript]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request, and return the status and the body, as JSON or text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {} if method == "GET" else {"X-Sfumato-Token": self.token}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            kind = answer.headers.get("content-type", "")
            return answer.status, json.loads(text) if kind == "application/json" else text
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the body of a GET request with status 200."""
        status, answer = self.ask("GET", path)
        assert status == 200, answer
        return answer

    @contextmanager
    def events(self, name: str) -> Iterator[Iterator[tuple[str, Any]]]:
        """Yield (event, data) of a run's stream as they arrive."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", f"/api/runs/{name}/events")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")

        def read() -> Iterator[tuple[str, Any]]:
            event = ""
            while line := answer.readline().decode():
                if line.startswith("event: "):
                    event = line[7:].strip()
                elif line.startswith("data: "):
                    yield event, json.loads(line[6:])

        try:
            yield read()
        finally:
            # The stream does not end by itself.
            answer.close()
            connection.close()

    def kill(self) -> None:
        """Kill the server."""
        self.process.kill()
        self.process.wait()


@contextmanager
def server(runs: Path) -> Iterator[Server]:
    """Serve a studio over ``runs``, and kill it at the end."""
    command = [sys.executable, "-m", "sfumato", "studio", "--port", "0", "--runs", str(runs)]
    with (runs.parent / LOG).open("a") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=runs.parent, start_new_session=True
        )
    try:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert address is not None
        yield Server(process, int(address[1]))
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def stop_all(runs: Path) -> None:
    """Stop all trainings, and wait until they have ended."""
    folders = [folder for folder in runs.iterdir() if not folder.name.startswith(".")]
    for folder in folders:
        with suppress(RunError):
            requests.send(folder, "stop")
    eventually(lambda: not any(requests.is_live(folder) for folder in folders))
