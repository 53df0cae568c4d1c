"""A subprocess that takes requests as lines of JSON: both ends of its pipes.

It replies with a line of JSON, followed by as many bytes as ``bytes`` in that line says, by default none.
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

POLL_SECONDS = 0.25
"""Seconds between checks of whether the caller still waits for the reply."""


class Abandoned(OSError):  # noqa: N818
    """The caller no longer waits for the reply; the subprocess carries out the request."""


class Subprocess:
    """``python -m`` of a module, as its parent process sees it."""

    def __init__(self, module: str, log: Path | None = None) -> None:
        """Start the process. Its standard error goes to a new file ``log``, or without one to ours."""
        self.log = log
        self._lock = threading.Lock()
        self._abandoned = threading.Event()
        with ExitStack() as closed:
            self.process = subprocess.Popen(
                # -P: do not import from the current folder, which may hold anything.
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if log is None else closed.enter_context(log.open("xb")),
                # Not in the terminal's process group, so that Ctrl-C does not end it.
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def ask(self, order: Mapping[str, Any], timeout: float) -> tuple[dict[str, Any], bytes]:
        """Send a request, and return the reply. Raise OSError if the process ended, TimeoutError if it is late.

        Close the subprocess then: a late reply would be taken for the reply to the next request.
        """
        with self._lock:
            return self._ask(order, timeout)

    @property
    def has_message(self) -> bool:
        """Whether there is output to read, or its pipe has ended; without waiting."""
        assert self.process.stdout is not None
        return _is_readable(self.process.stdout, 0)

    def next_message(self, timeout: float) -> tuple[dict[str, Any], bytes]:
        """Return a message that it sends without a request. Raise as `ask` does."""
        with self._lock:
            return self._read(timeout)

    def _ask(self, order: Mapping[str, Any], timeout: float) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except ValueError:
            raise OSError("the process ended without a reply") from None
        return self._read(timeout)

    def _read(self, timeout: float) -> tuple[dict[str, Any], bytes]:
        stdout = self.process.stdout
        assert stdout is not None
        try:
            until = time.monotonic() + timeout
            while not _is_readable(stdout, min(POLL_SECONDS, max(0.0, until - time.monotonic()))):
                if self._abandoned.is_set():
                    raise Abandoned("the caller no longer waits")
                if time.monotonic() >= until:
                    raise TimeoutError("the reply takes too long")
            head = json.loads(stdout.readline())
            size = head.get("bytes", 0)
            data = stdout.read(size)
        except ValueError:
            raise OSError("the process ended without a reply") from None
        if len(data) != size:
            raise OSError("the process ended within a reply")
        return head, data

    def close(self) -> None:
        """Close the pipes, after a request in progress: a read from a pipe that is closed meanwhile may never end."""
        with self._lock:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def abandon(self) -> None:
        """Let the caller stop waiting for the reply; the subprocess carries out the request."""
        self._abandoned.set()

    def end(self) -> None:
        """Kill the process, whatever it does; a request in progress fails."""
        self.process.kill()
        self.process.wait()
        self.close()


def _is_readable(pipe: IO[bytes], timeout: float) -> bool:
    # Not select(), which takes no file descriptor above 1,023: there may be as many connections.
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(timeout))


def claim_stdout() -> BinaryIO:
    """Return the subprocess's pipe to its parent, and send what libraries print to standard error instead."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def send_reply(pipe: BinaryIO, head: Mapping[str, Any], data: bytes = b"") -> None:
    """Send a reply from the subprocess. Do nothing if the parent has gone."""
    about = {**head, "bytes": len(data)} if data else head
    if pipe.closed:  # by an earlier reply
        return
    try:
        pipe.write(json.dumps(about).encode() + b"\n" + data)
        pipe.flush()
    except BrokenPipeError:
        # Otherwise Python would flush it again at exit, and print an error.
        with suppress(BrokenPipeError):
            pipe.close()
