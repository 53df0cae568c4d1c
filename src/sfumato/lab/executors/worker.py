"""A subprocess that trains trials: ``python -m sfumato.lab.executors.worker``, driven through its standard input.

It never imports the program that started it, so that a script needs no guard of its main module and a notebook can use
it. Messages are pickled: first what importing needs, then one request at a time, each followed by the points of its
curve, if they are asked for, and by its outcome on the standard output.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from sfumato.lab.executors.process_messages import Point, Request, Start, send

if TYPE_CHECKING:
    from sfumato.lab.train import Target
    from sfumato.lab.trial import Key


def main() -> None:
    """Train trials until the standard input ends."""
    # Ctrl-C reaches every process of a terminal; only the parent handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    responses = os.fdopen(os.dup(1), "wb")
    # Redirect standard output to standard error: output of a custom network must not mix with the responses.
    os.dup2(2, 1)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start: Start = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    start.prepare()
    from sfumato.lab.train import train

    def report(_key: Key, point: Mapping[str, Any], passed: int) -> bool:
        send(responses, Point(point, passed))
        return requests.get().ends

    send(responses, None)
    target: Target | None = None
    while True:
        request: Request = requests.get()
        target = target if request.target is None else request.target
        assert target is not None, "the first request has one"
        send(responses, train(request.trial, target, report=report if request.reports else None))


def _listen(source: IO[bytes], requests: queue.SimpleQueue[Any]) -> None:
    while True:
        try:
            requests.put(pickle.load(source))
        except (EOFError, OSError):
            # The parent is gone or has closed the pipe, so the current training is not needed any more.
            os._exit(0)


if __name__ == "__main__":
    main()
