"""How far weights have come from where they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

STILL = 1e-2
"""Relative change below which weights have stayed what they were."""


def change(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Length of the difference in parts of the length before; infinite for what was 0, nan where not finite."""
    one, other = np.asarray(before, np.float64), np.asarray(after, np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        difference, length = np.linalg.norm(other - one), np.linalg.norm(one)
        return 0.0 if difference == 0 else float(difference / length)


def largest_change(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> float:
    """Of the weight matrices, that one which changed most: biases start at 0, and a layer may be frozen."""
    return max((change(value, after[name]) for name, value in before.items() if _is_weight(value)), default=0.0)


def _is_weight(value: NDArray[Any]) -> bool:
    return value.ndim >= 2 and value.dtype.kind == "f"
