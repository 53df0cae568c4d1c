"""Numbers too small for a processor's quick path count as 0 while a network is trained.

Below 1.2e-38 a float32 is subnormal, and each operation with one takes a hundred times as long on many processors. The
tails of a bell (activation ``gaussian``) are full of them: 4x300 of it trains 2.8 times as fast without
(benchmarks/flushed.py). Nothing that is learned hangs on them: they are 30 orders of magnitude below rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sfumato.process_state import flushes_subnormals


@contextmanager
def flushed() -> Iterator[None]:
    """In this thread, for the time of the block. Where the processor cannot do it, nothing happens."""
    if flushes_subnormals():
        yield
        return
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
