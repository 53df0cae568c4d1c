"""A log message while kernels are compiled: it takes seconds, once, and later runs load them from disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

from sfumato.log import LOG


class _Listener(event.Listener):
    def __init__(self, engine: str, kernels: tuple[Any, ...]) -> None:
        self._engine = engine
        self._kernels = kernels
        self._announced = False

    def on_start(self, event: event.Event) -> None:
        if not self._announced and (event.data or {}).get("dispatcher") in self._kernels:
            self._announced = True
            LOG.info("compiling engine %s for this machine, once; it takes some seconds ...", self._engine)

    def on_end(self, event: event.Event) -> None:
        """Do nothing: the progress of training shows that compiling has ended."""


@contextmanager
def announced(engine: str, *kernels: Any) -> Iterator[None]:
    """Log a message if one of these Numba functions is compiled in the block, not loaded from disk."""
    with event.install_listener("numba:compile", _Listener(engine, kernels)):
        yield
