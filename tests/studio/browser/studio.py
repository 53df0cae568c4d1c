"""A studio in a process of its own, for a browser: at a port that it can be started at again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sfumato.errors import RunError
from sfumato.runs import requests
from tests.studio.server import eventually

COLD = """
import functools, sys
from sfumato.cli.main import main
from sfumato.studio import app, serving
serving.create = functools.partial(app.create, warm=False)
sys.exit(main(sys.argv[1:]))
"""
"""The command, but that no child is warmed for a training that never comes: it would load PyTorch for seconds."""


class Studio:
    """Serves a folder of runs until `end`; ``trains=False``: one that only shows them. ``address`` is where it is."""

    def __init__(self, runs: Path, *options: str, port: int = 0, trains: bool = True) -> None:
        self.runs = runs
        self._program = ["-m", "sfumato"] if trains else ["-c", COLD]
        self._options = options
        self.port = port
        self.start()

    def start(self) -> None:
        """At first, and again after `end`: at the same port."""
        options = ["--port", str(self.port), "--runs", self.runs.name, *self._options]
        self._process = subprocess.Popen(
            [sys.executable, *self._program, "studio", *options],
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.runs.parent,
        )
        assert self._process.stdout is not None
        said = re.search(r"http://\S+", self._process.stdout.readline())
        assert said is not None
        self.said = said[0]
        self.address = self.said.partition("/?")[0].rstrip("/")
        port = re.search(r":(\d+)", self.said)
        assert port is not None
        self.port = int(port[1])

    def end(self) -> None:
        """Without a word, as a crash would."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def settle(self) -> None:
        """Ask every training to end, and wait until all have."""
        folders = [folder for folder in self.runs.iterdir() if not folder.name.startswith(".")]
        for folder in folders:
            if requests.is_live(folder):
                try:
                    requests.ask(folder, "stop")
                except RunError:
                    continue
        eventually(lambda: not any(requests.is_live(folder) for folder in folders))
