"""A child process that is asked by a line of JSON: both ends of its pipes.

It answers by a line of JSON, followed by as many bytes as ``bytes`` in it says, by default none.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO


class Child:
    """``python -m`` of a module, as whoever asks it sees it."""

    def __init__(self, module: str, log: Path | None = None) -> None:
        """What it complains of goes to a new file ``log``, or to where our own complaints go."""
        self.log = log
        self._asking = threading.Lock()
        with ExitStack() as closed:
            self.process = subprocess.Popen(
                # Safely: the current folder, in which anything may lie, is no place to import from.
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if log is None else closed.enter_context(log.open("xb")),
                # Not of the terminal's group, whose Ctrl-C ends the server.
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether it has."""
        return self.process.poll() is not None

    def ask(self, order: Mapping[str, Any], most_seconds: float) -> tuple[dict[str, Any], bytes]:
        """Its answer. Raises OSError where it ended, TimeoutError, which is one, where it takes too long.

        Close it then: what it still says would be taken for the answer to the next question.
        """
        with self._asking:
            return self._ask(order, most_seconds)

    def _ask(self, order: Mapping[str, Any], most_seconds: float) -> tuple[dict[str, Any], bytes]:
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            # Not select(), which knows no file beyond the 1,024th: there may be as many connections.
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                if not selector.select(most_seconds):
                    raise TimeoutError("it takes too long")
            head = json.loads(process.stdout.readline())
            size = head.get("bytes", 0)
            data = process.stdout.read(size)
        except ValueError:
            raise OSError("it ended without a word") from None
        if len(data) != size:
            raise OSError("it ended in the middle")
        return head, data

    def close(self) -> None:
        """Nobody will ask it any more. Waits for who does: reading a pipe that is closed meanwhile may never end."""
        with self._asking:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def end(self) -> None:
        """End it, whatever it does; who asks it hears so."""
        self.process.kill()
        self.process.wait()
        self.close()


def own_output() -> BinaryIO:
    """In the child: the pipe to whoever asks, under another number. What libraries print goes to where errors go."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def answer(pipe: BinaryIO, head: Mapping[str, Any], data: bytes = b"") -> None:
    """In the child: say it. Nothing happens where whoever asked has gone."""
    about = {**head, "bytes": len(data)} if data else head
    try:
        pipe.write(json.dumps(about).encode() + b"\n" + data)
        pipe.flush()
    except BrokenPipeError:
        # Else Python would try once more at the end, and complain.
        with suppress(BrokenPipeError):
            pipe.close()
