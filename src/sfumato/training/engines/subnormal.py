"""Subnormal numbers flushed to zero while a network is trained.

Below 1.2e-38 a float32 is subnormal, and an operation with one takes a hundred times as long on many processors. The
tails of the activation ``gaussian`` are full of them: 4x300 units of it train 2.8 times as fast without them
(benchmarks/flushed.py). They make no difference to what is learned: they are 30 orders of magnitude below rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sfumato.process_state import flushes_subnormals


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
