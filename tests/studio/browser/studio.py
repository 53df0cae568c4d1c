"""A studio in a separate process, for a browser, which can be restarted at the same port."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sfumato.errors import RunError
from sfumato.runs import requests
from tests.studio.server import eventually


class Studio:
    """A server over a folder of runs, until `end`."""

    def __init__(self, runs: Path, port: int = 0) -> None:
        self.runs = runs
        command = [sys.executable, "-m", "sfumato", "studio", "--port", str(port), "--runs", runs.name]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=runs.parent)
        assert self._process.stdout is not None
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", self._process.stdout.readline())
        assert match is not None
        self.port = int(match[1])
        self.address = f"http://127.0.0.1:{self.port}"

    def end(self) -> None:
        """Kill the server, as a crash would."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def settle(self) -> None:
        """Stop all trainings, and wait until they have ended."""
        folders = [folder for folder in self.runs.iterdir() if not folder.name.startswith(".")]
        for folder in folders:
            if requests.is_live(folder):
                try:
                    requests.send(folder, "stop")
                except RunError:
                    continue
        eventually(lambda: not any(requests.is_live(folder) for folder in folders))
