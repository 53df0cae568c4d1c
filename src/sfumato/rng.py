"""Named streams of random numbers: each part of a run has an independent generator, derived from one seed."""

from __future__ import annotations

import hashlib

import numpy as np


def rng_for(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one stream, such as ``initialization/0`` or ``order/17``.

    A stream depends on the seed and its name alone, not on how much is drawn from other streams.
    """
    # SeedSequence takes neither negative numbers nor text: both are passed as 32-bit words of a fixed layout.
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
    return np.random.default_rng([seed % 2**64, *(int(word) for word in words)])
