"""Numbers too small for a processor's quick path count as 0 while a network is trained.

Below 1.2e-38 a float32 is subnormal, and each operation with one takes a hundred times as long on many processors. The
tails of a bell (activation ``gauss``) are full of them: 4x300 of it trains 2.8 times as fast without
(benchmarks/flushed.py). Nothing that is learned hangs on them: they are 30 orders of magnitude below rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_SMALL, _TENTH = np.float32(1e-38), np.float32(0.1)


@contextmanager
def flushed() -> Iterator[None]:
    """In this thread, for the time of the block. Where the processor cannot do it, nothing happens."""
    if _already():
        yield
        return
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _already() -> bool:
    # PyTorch can set it, but does not tell whether somebody else has.
    return bool(_SMALL * _TENTH == 0)
