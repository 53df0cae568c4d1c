"""Named streams of random numbers: one seed feeds each part of a run independently of the others."""

from __future__ import annotations

import hashlib

import numpy as np


def rng_for(seed: int, name: str) -> np.random.Generator:
    """The generator of one part, such as ``initialization/0`` or ``order/17``.

    Two runs with one seed draw alike under one name, however much either of them draws under other names.
    """
    # SeedSequence takes no negative numbers and no text: both go in as 32-bit words of a fixed layout.
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
    return np.random.default_rng([seed % 2**64, *(int(word) for word in words)])
