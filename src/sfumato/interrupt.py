"""Signals as requests to stop: the first one ends training at its next step, the second one interrupts it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

HANGUP = getattr(signal, "SIGHUP", None)
"""The signal of a closed terminal or a lost connection; None on Windows."""

SIGNALS: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))


@contextmanager
def stop_on_signals(signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether one of the signals has arrived; restore their handlers afterwards.

    Ignored signals stay ignored: ``nohup`` and shells start processes like that on purpose.
    """
    requested = False

    def handle(number: int, _: object) -> None:
        nonlocal requested
        # A closed terminal may send several hangups; they are not requests to interrupt at once.
        if requested and number != HANGUP:
            raise KeyboardInterrupt
        requested = True

    previous = {number: signal.getsignal(number) for number in signals}
    handled = {number: handler for number, handler in previous.items() if handler is not signal.SIG_IGN}
    for number in handled:
        signal.signal(number, handle)
    try:
        yield lambda: requested
    finally:
        for number, handler in handled.items():
            # None: a handler that was not installed from Python, and cannot be restored.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
