"""A studio in a process of its own, as what measures it asks it. Needs Linux, for /proc, where it is looked at."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Served:
    """Its process and its port."""

    def __init__(self, process: int, port: int) -> None:
        self._process = process
        self.port = port

    def asked(self, method: str, path: str, body: str = "", token: str = "") -> tuple[int, str]:
        """The status and the text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body or None, {"X-Sfumato-Token": token} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def token(self) -> str:
        """What its page holds, and every POST must bear."""
        return self.asked("GET", "/")[1].partition('name="sfumato-token" content="')[2].partition('"')[0]

    def cpu(self) -> float:
        """Seconds that it has used, in hundredths."""
        fields = Path(f"/proc/{self._process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes that it holds."""
        pages = int(Path(f"/proc/{self._process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def studio(runs: Path) -> Iterator[Served]:
    """A server over ``runs``."""
    command = [sys.executable, "-m", "sfumato", "studio", "--port", "0", "--runs", str(runs)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        found = re.search(r":(\d+)/", server.stdout.readline())
        assert found is not None, "the studio did not begin"
        yield Served(server.pid, int(found[1]))
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()
