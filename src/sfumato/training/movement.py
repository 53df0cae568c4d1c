"""Relative change of weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE_CHANGE = 1e-2
"""Relative change below which weights have practically not changed."""


def relative_change(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Return the norm of the difference divided by the norm before; infinite if that was 0, nan if not finite."""
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        difference, norm = np.linalg.norm(after - before), np.linalg.norm(before)
        return 0.0 if difference == 0 else float(difference / norm)


def largest_change(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest relative change of a weight matrix.

    Biases do not count, as they start at 0; the maximum does, as some layers may be frozen.
    """
    weights = {name: value for name, value in before.items() if _is_weight(value)}
    return max((relative_change(value, after[name]) for name, value in weights.items()), default=0.0)


def _is_weight(value: NDArray[Any]) -> bool:
    return value.ndim >= 2 and value.dtype.kind == "f"
