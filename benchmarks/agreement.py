"""A check that the sides of a comparison compute the same: their losses must agree up to rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping

ROUNDING = 1e-5
"""Relative tolerance: float32 sums in another order differ by about 1e-6 after the steps of one round."""


def disagreement(losses: Mapping[str, float], reference: str, tolerance: float = ROUNDING) -> dict[str, str]:
    """Return why sides cannot be compared with the ``reference``, by name; empty when all can.

    A loss that is not finite, or zero, agrees with nothing: it does not show what was computed.
    """
    expected = losses[reference]
    if not math.isfinite(expected) or expected == 0:
        return dict.fromkeys(losses, f"the loss of {reference} is {expected}")
    reasons: dict[str, str] = {}
    for name, loss in losses.items():
        difference = abs(loss - expected) / abs(expected)
        if not difference <= tolerance:
            reasons[name] = (
                f"its loss is {loss:.8g}, that of {reference} {expected:.8g}: they differ by more than rounding"
            )
    return reasons
