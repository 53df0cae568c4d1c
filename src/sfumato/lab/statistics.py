"""Paired differences with simultaneous confidence intervals, on one picture or over pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy import special

LEVEL = 0.95

FEWEST = 5
"""Fewest pairs, or pictures of a set, from which a verdict is given."""

ENUMERATED = 7
"""Most tuning seeds of which all 1,716 samples with replacement are enumerated."""

DRAWS = 20_000
"""Samples of the tuning seeds, drawn with replacement, where there are too many to enumerate."""


@dataclass(frozen=True)
class Interval:
    """A mean difference with its confidence interval."""

    mean: float
    low: float
    high: float
    pairs: int
    """Number of the independent differences: of seeds on one picture, else of pictures."""

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
    half = float(special.stdtrit(freedom, 1 - (1 - level) / comparisons / 2)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half, len(values))


@dataclass(frozen=True)
class Components:
    """The variance of differences on pictures, divided into its sources."""

    pictures: float
    """Variance of the true difference from picture to picture."""
    seeds: float
    """Variance from seed to seed on one picture."""
    seeds_per_picture: float
    """Harmonic mean."""

    @property
    def seed_share(self) -> float:
        """Return the fraction of the variance of the mean that more seeds per picture would reduce, 0 to 1."""
        of_seeds = self.seeds / self.seeds_per_picture
        return of_seeds / (self.pictures + of_seeds) if self.pictures + of_seeds else 0.0


def over_pictures(
    differences: Sequence[Sequence[float]],
    comparisons: int = 1,
    level: float = LEVEL,
    selection: Selection | None = None,
) -> Interval:
    """Return the confidence interval of a mean difference over pictures like these: `interval` of each one's mean.

    ``differences``: those of each picture's seeds; pictures without any are left out. Pictures are a random factor, and
    seeds are nested in them, because no two pictures share a seed. So the means of the pictures are independent, and
    where both effects are normal and every picture has equally many seeds, the interval is exact: the mean square
    between pictures is the right denominator for the mean (Searle, Casella and McCulloch 1992, Variance Components,
    sections 3.3 and 3.6). More seeds on the same pictures do not narrow it below what the pictures allow.
    """
    means = [math.fsum(each) / len(each) for each in differences if len(each)]
    return interval(means, comparisons, level, selection)


def components(differences: Sequence[Sequence[float]]) -> Components | None:
    """Return the variance components by analysis of variance; None where no picture has two seeds, or one has all.

    The estimators for pictures with unequal numbers of seeds (Searle, Casella and McCulloch 1992, section 3.6); a
    negative estimate counts as 0.
    """
    groups = [np.asarray(each, dtype=np.float64) for each in differences if len(each)]
    counts = np.asarray([len(each) for each in groups], dtype=np.float64)
    total, pictures = float(counts.sum()), len(groups)
    if pictures < 2 or total == pictures:
        return None
    means = np.asarray([each.mean() for each in groups])
    within = sum(float(np.sum((each - each.mean()) ** 2)) for each in groups) / (total - pictures)
    overall = float(counts @ means) / total
    between = float(counts @ (means - overall) ** 2) / (pictures - 1)
    effective = (total - float(counts @ counts) / total) / (pictures - 1)
    harmonic = pictures / float(np.sum(1 / counts))
    return Components(max(0.0, (between - within) / effective), within, harmonic)


def selection(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> Selection:
    """Return the noise that choosing learning rates adds to the difference of two arms.

    ``a`` and ``b``: the scores of every rate that each arm tried, (rates, seeds), on the same seeds. The choice is
    repeated on samples of the seeds with replacement, the same for both arms (the bootstrap; Efron and Tibshirani 1993,
    An Introduction to the Bootstrap), and the loss of each repetition against the actual choice is taken. Arms with
    equal scores lose equally, which adds nothing to their difference. A rate at which some seeds collapsed has a large
    variance, but is not chosen unless it is better where they did not.
    """
    tables = [np.asarray([row for row in table if np.all(np.isfinite(row))], dtype=np.float64) for table in (a, b)]
    seeds = len(a[0]) if a else 0
    if seeds < 2 or any(len(table) == 0 for table in tables):
        return Selection()
    counts, probabilities = _samples(seeds)
    lost = [_lost(table, counts) for table in tables]
    return Selection(float(probabilities @ (lost[0] - lost[1]) ** 2), seeds - 1)


@lru_cache(maxsize=8)
def _samples(seeds: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return samples of the seeds with replacement, (samples, seeds) counts of each, and their probabilities.

    Up to `ENUMERATED` seeds they are all that there are, so that the result has no noise of its own.
    """
    if seeds > ENUMERATED:
        counts = np.random.default_rng(0).multinomial(seeds, [1 / seeds] * seeds, size=DRAWS)
        return counts.astype(np.float64), np.full(DRAWS, 1 / DRAWS)
    each = [np.bincount(sample, minlength=seeds) for sample in combinations_with_replacement(range(seeds), seeds)]
    orders = [math.factorial(seeds) / math.prod(math.factorial(int(count)) for count in one) for one in each]
    return np.asarray(each, dtype=np.float64), np.asarray(orders) / float(seeds) ** seeds


def _lost(table: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a choice on each sample of the seeds loses against the actual one, (samples,)."""
    means, seeds = table.mean(axis=1), table.shape[1]
    # Means of samples vary by (n - 1) / n of the variance of a mean of n seeds.
    residuals = (table - means[:, None]) * math.sqrt(seeds / (seeds - 1)) / seeds
    again = np.argmax(means + counts @ residuals.T, axis=1)
    return means.max() - means[again]
