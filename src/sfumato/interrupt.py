"""Ctrl-C as a request: the first one ends training at the next step, the second one interrupts at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

HANGUP = getattr(signal, "SIGHUP", None)
"""A terminal that is closed, or a connection that is lost. Windows has none."""

SIGNALS: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))


@contextmanager
def stop_on_signals(signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[Callable[[], bool]]:
    """Gives a function that tells whether one of the signals came; afterwards they mean what they did before.

    A signal that is ignored stays so: ``nohup`` and a shell's background jobs are started like that on purpose.
    """
    asked = False

    def note(number: int, _: object) -> None:
        nonlocal asked
        # A terminal that is closed may say so several times, and nobody is there to be impatient.
        if asked and number != HANGUP:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.getsignal(number) for number in signals}
    heeded = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, note)
    try:
        yield lambda: asked
    finally:
        for number, handler in heeded.items():
            # None: set by someone who is not Python, who cannot be given it back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
