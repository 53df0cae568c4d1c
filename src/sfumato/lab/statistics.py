"""Paired differences with simultaneous confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.95

FEWEST = 5
"""Fewest pairs from which a verdict is given."""

DRAWS = 2_000
"""Bootstrap draws of the tuning seeds' noise, which estimate the noise of the choice of a learning rate."""


@dataclass(frozen=True)
class Interval:
    """A mean difference with its confidence interval."""

    mean: float
    low: float
    high: float
    pairs: int

    @property
    def sign(self) -> int:
        """Return 1 or -1 where the interval excludes 0 and there are enough pairs, else 0."""
        if self.pairs < FEWEST:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True)
class Selection:
    """The noise that the choice of learning rates adds to a mean difference."""

    variance: float = 0.0
    freedom: int = 1
    """Degrees of freedom of the variance."""


def interval(
    differences: Sequence[float], comparisons: int = 1, level: float = LEVEL, selection: Selection | None = None
) -> Interval:
    """Return Student's confidence interval of a mean of paired differences, Bonferroni-corrected for ``comparisons``.

    All intervals of the family together cover the true means with a probability of at least ``level`` where the
    differences are normal. Differences that are all equal give an interval of width 0; fewer than two give one from
    minus to plus infinity. The variance of a ``selection`` is added to that of the mean, with Satterthwaite's degrees
    of freedom for the sum.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        mean = float(values.mean()) if len(values) else math.nan
        return Interval(mean, -math.inf, math.inf, len(values))
    mean = float(values.mean())
    terms = [(float(np.var(values, ddof=1)) / len(values) if np.ptp(values) else 0.0, len(values) - 1)]
    if selection is not None:
        terms.append((selection.variance, selection.freedom))
    variance = sum(term for term, _ in terms)
    if variance == 0:
        return Interval(mean, mean, mean, len(values))
    freedom = variance**2 / sum(term**2 / degrees for term, degrees in terms)
    half = float(stats.t.ppf(1 - (1 - level) / comparisons / 2, freedom)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half, len(values))


def selection(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> Selection:
    """Return the noise that choosing learning rates adds to the difference of two arms.

    ``a`` and ``b``: the scores of every rate that each arm tried, (rates, seeds), on the same seeds. The choice is
    repeated with the means disturbed by noise of the scores' own covariance over the seeds, the same for both arms
    (multiplier bootstrap), and the loss of each repetition against the actual choice is taken. Arms with equal scores
    lose equally, which adds nothing to their difference.
    """
    tables = [np.asarray([row for row in table if np.all(np.isfinite(row))], dtype=np.float64) for table in (a, b)]
    seeds = len(a[0]) if a else 0
    if seeds < 2 or any(len(table) == 0 for table in tables):
        return Selection()
    weights = np.random.default_rng(0).standard_normal((DRAWS, seeds))
    lost = [_lost(table, weights) for table in tables]
    return Selection(float(np.mean((lost[0] - lost[1]) ** 2)), seeds - 1)


def _lost(table: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    means = table.mean(axis=1)
    residuals = (table - means[:, None]) / math.sqrt(table.shape[1] * (table.shape[1] - 1))
    again = np.argmax(means + weights @ residuals.T, axis=1)
    return means.max() - means[again]
