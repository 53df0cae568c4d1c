"""A studio in a process of its own, with requests to it. Needs Linux for CPU time and memory, which come from /proc."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StudioServer:
    """The process and the port of a studio."""

    def __init__(self, process: int, port: int) -> None:
        self._process = process
        self.port = port

    def request(self, method: str, path: str, body: str = "", token: str = "") -> tuple[int, str]:
        """Send a request; return the status and the text of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body or None, {"X-Sfumato-Token": token} if token else {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def token(self) -> str:
        """Return the token in its page, which every POST must send."""
        return self.request("GET", "/")[1].partition('name="sfumato-token" content="')[2].partition('"')[0]

    def cpu(self) -> float:
        """Return the CPU seconds used, in hundredths."""
        fields = Path(f"/proc/{self._process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the resident memory in megabytes."""
        pages = int(Path(f"/proc/{self._process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def studio(runs: Path) -> Iterator[StudioServer]:
    """Start a server over ``runs``."""
    command = [sys.executable, "-m", "sfumato", "studio", "--port", "0", "--runs", str(runs)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        found = re.search(r":(\d+)/", server.stdout.readline())
        assert found is not None, "the studio did not start"
        yield StudioServer(server.pid, int(found[1]))
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()
