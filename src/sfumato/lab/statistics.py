"""Paired differences with simultaneous intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95

FEWEST = 5
"""Pairs below which nothing is claimed."""


@dataclass(frozen=True)
class Interval:
    """A mean difference, and between what it lies."""

    mean: float
    low: float
    high: float
    pairs: int

    @property
    def sign(self) -> int:
        """1 or -1 where the interval excludes 0 and the pairs are enough to claim it, else 0."""
        if self.pairs < FEWEST:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def interval(differences: Sequence[float], comparisons: int = 1, level: float = LEVEL) -> Interval:
    """Student's interval of the mean of paired differences, Bonferroni's share of a family of ``comparisons``.

    All intervals of the family together cover the true means with a probability of at least ``level`` where the
    differences are normal. Differences that are all equal give an interval without width; of fewer than two nothing is
    known (from minus to plus infinity).
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        mean = float(values.mean()) if len(values) else math.nan
        return Interval(mean, -math.inf, math.inf, len(values))
    mean = float(values.mean())
    if np.ptp(values) == 0:
        return Interval(mean, mean, mean, len(values))
    low, high = stats.t.interval(1 - (1 - level) / comparisons, len(values) - 1, loc=mean, scale=stats.sem(values))
    return Interval(mean, float(low), float(high), len(values))
