"""The sides of the comparison of mini-batch engines, one per file, each written as an expert in its library would.

``prepare(problem, threads)`` returns a `Side`. It raises ImportError where the library is missing, and RuntimeError
with one line where the side cannot run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Side(NamedTuple):
    """One side of the comparison."""

    restart: Callable[[], None]
    """Reset to the problem's weights."""
    train: Callable[[NDArray[np.int64]], float]
    """(steps, batch) pixels -> the sum of all samples' losses, each before its own step; blocks until the steps are
    done.
    """


NAMES = {"fused": "fused", "PyTorch eager": "torch_eager", "torch.compile": "torch_compiled", "JAX": "jax_scan"}
"""Modules of the sides in this package, by name."""
