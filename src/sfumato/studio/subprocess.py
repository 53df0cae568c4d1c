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
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

LOOKS_UP = 0.25
"""Seconds between two looks whether an answer is still waited for."""


class Left(OSError):  # noqa: N818
    """Nobody waits for this answer any more; the child does what it was asked for."""


class Subprocess:
    """``python -m`` of a module, as whoever asks it sees it."""

    def __init__(self, module: str, log: Path | None = None) -> None:
        """What it complains of goes to a new file ``log``, or to where our own complaints go."""
        self.log = log
        self._asking = threading.Lock()
        self._left = threading.Event()
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

    @property
    def has_answer(self) -> bool:
        """Whether it has said something that nobody has read yet, or its pipe has ended; it is not waited for."""
        assert self.process.stdout is not None
        return _is_readable(self.process.stdout, 0)

    def next_answer(self, most_seconds: float) -> tuple[dict[str, Any], bytes]:
        """What it says by itself after it has answered. Raises as `ask` does."""
        with self._asking:
            return self._read(most_seconds)

    def _ask(self, order: Mapping[str, Any], most_seconds: float) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except ValueError:
            raise OSError("it ended without a word") from None
        return self._read(most_seconds)

    def _read(self, most_seconds: float) -> tuple[dict[str, Any], bytes]:
        stdout = self.process.stdout
        assert stdout is not None
        try:
            until = time.monotonic() + most_seconds
            while not _is_readable(stdout, min(LOOKS_UP, max(0.0, until - time.monotonic()))):
                if self._left.is_set():
                    raise Left("nobody waits for it")
                if time.monotonic() >= until:
                    raise TimeoutError("it takes too long")
            head = json.loads(stdout.readline())
            size = head.get("bytes", 0)
            data = stdout.read(size)
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

    def leave(self) -> None:
        """Whoever waits for an answer waits no longer, and the child goes on with what it does."""
        self._left.set()

    def end(self) -> None:
        """End it, whatever it does; who asks it hears so."""
        self.process.kill()
        self.process.wait()
        self.close()


def _is_readable(pipe: IO[bytes], most_seconds: float) -> bool:
    # Not select(), which knows no file beyond the 1,024th: there may be as many connections.
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(most_seconds))


def own_output() -> BinaryIO:
    """In the child: the pipe to whoever asks, under another number. What libraries print goes to where errors go."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def answer(pipe: BinaryIO, head: Mapping[str, Any], data: bytes = b"") -> None:
    """In the child: say it. Nothing happens where whoever asked has gone."""
    about = {**head, "bytes": len(data)} if data else head
    if pipe.closed:  # at an answer before this one
        return
    try:
        pipe.write(json.dumps(about).encode() + b"\n" + data)
        pipe.flush()
    except BrokenPipeError:
        # Else Python would try once more at the end, and complain.
        with suppress(BrokenPipeError):
            pipe.close()
