"""A subprocess that trains trials: ``python -m sfumato.lab.worker``, driven through its standard input.

It never imports the program that started it, so that a script needs no guard of its main module and a notebook can use
it. Messages are pickled: first the data that all trials need, then one trial at a time, each followed by its outcome on
the standard output.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.lab.train import Learned


@dataclass(frozen=True)
class Start:
    """The data that all trials of a worker need."""

    path: tuple[str, ...]
    """Python's module search path."""
    allowed: tuple[str, ...]
    """Custom classes that may be imported."""
    learned: Learned


def main() -> None:
    """Train trials until the standard input ends."""
    # Ctrl-C reaches every process of a terminal; only the parent handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    responses = os.fdopen(os.dup(1), "wb")
    # Redirect standard output to standard error: output of a custom network must not mix with the responses.
    os.dup2(2, 1)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start = pickle.load(sys.stdin.buffer)
    sys.path[:] = start.path
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    import torch

    from sfumato import trust
    from sfumato.lab.train import train

    torch.set_num_threads(1)
    for name in start.allowed:
        trust.allow(name)
    send(responses, None)
    while True:
        send(responses, train(requests.get(), start.learned))


def send(to: IO[bytes], message: object) -> None:
    """Write one message."""
    pickle.dump(message, to, protocol=pickle.HIGHEST_PROTOCOL)
    to.flush()


def _listen(source: IO[bytes], requests: queue.SimpleQueue[Any]) -> None:
    while True:
        try:
            requests.put(pickle.load(source))
        except (EOFError, OSError):
            # The parent is gone or has closed the pipe, so the current training is not needed any more.
            os._exit(0)


if __name__ == "__main__":
    main()
