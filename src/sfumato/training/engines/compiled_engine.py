"""What every compiled engine needs: its inputs, subnormal numbers flushed, a message while it is compiled.

Below 1.2e-38 a float32 is subnormal, and an operation with one takes a hundred times as long on many processors. The
tails of the activation ``gaussian`` are full of them: 4x300 units of it train 2.8 times as fast without them
(benchmarks/flushed.py). They make no difference to what is learned: they are 30 orders of magnitude below rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numba.core import event
from numpy.typing import NDArray

from sfumato.log import LOG
from sfumato.models.network import LayeredNetwork
from sfumato.models.outputs import TILE
from sfumato.process_state import flushes_subnormals

NO_WEIGHTS = np.empty(0, np.float32)
"""The weights of samples in the form of kernels where all are 1. Writable, as all arrays that kernels take."""


def encoded(model: LayeredNetwork, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the outputs of the model's encoding with its current parameters, (N, D) -> (N, F)."""
    with torch.inference_mode():
        tiles = torch.from_numpy(coordinates).to(torch.float32).split(TILE)
        return torch.cat([model.encode(tile) for tile in tiles]).contiguous().numpy()


def is_trained(model: LayeredNetwork) -> bool:
    """Return whether the model's encoding has trainable parameters, so that its outputs change with every step."""
    return any(parameter.requires_grad for parameter in model.encode.parameters())


@contextmanager
def flushed() -> Iterator[None]:
    """Flush subnormal numbers to zero in this thread during the block. Do nothing if the processor cannot."""
    if flushes_subnormals():
        yield
        return
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


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
