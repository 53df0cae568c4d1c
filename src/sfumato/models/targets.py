"""Targets that a network learns from the values of a picture, and the values of its outputs.

With ``data.target_range signed`` targets are 2 v - 1 for values v in [0, 1], as where a picture is normalized to mean
0.5 and standard deviation 0.5 (the notebook of SIREN, Sitzmann et al. 2020).
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe.training import TargetRange

Values = TypeVar("Values", bound=NDArray[np.floating[Any]])

SIGNED_SCALE = 2
"""Difference between two signed targets of which the values differ by 1."""


def to_targets(values: Values, target_range: TargetRange) -> Values:
    """Return the targets of values in [0, 1], any shape."""
    return values if target_range == "unit" else SIGNED_SCALE * values - 1  # pyright: ignore[reportReturnType]


def to_values(outputs: Values, target_range: TargetRange) -> Values:
    """Return the values that outputs stand for, any shape: the inverse of `to_targets`."""
    return outputs if target_range == "unit" else (outputs + 1) / SIGNED_SCALE  # pyright: ignore[reportReturnType]
