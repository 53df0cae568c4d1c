"""Compiling takes seconds, once: later runs load what Numba keeps on disk. Meanwhile a person is told."""

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
        self._told = False

    def on_start(self, event: event.Event) -> None:
        if not self._told and (event.data or {}).get("dispatcher") in self._kernels:
            self._told = True
            LOG.info("compiling engine %s for this machine, once; it takes some seconds ...", self._engine)

    def on_end(self, event: event.Event) -> None:
        """There is nothing to say: training shows that it has begun."""


@contextmanager
def announced(engine: str, *kernels: Any) -> Iterator[None]:
    """Say so when one of these Numba functions is compiled in the block, not loaded."""
    with event.install_listener("numba:compile", _Listener(engine, kernels)):
        yield
