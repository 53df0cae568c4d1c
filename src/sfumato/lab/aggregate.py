"""Scores of an arm over pictures and seeds in one number or curve, as rliable reports them.

Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice": the interquartile mean, the
performance profile, and the probability of improvement. Pictures take the place of their tasks, seeds of their runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sfumato.lab.statistics import LEVEL

ByPicture = Mapping[int, Sequence[float]]
"""Scores of each picture's seeds, by the picture's number."""

RESAMPLES = 2000
"""Bootstrap samples of pictures."""

BATCH_SCORES = 2_000_000
"""Most scores in memory at a time."""


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap confidence interval over pictures."""

    value: float
    low: float
    high: float


def interquartile_mean(scores: ByPicture) -> Estimate | None:
    """Return the mean of the middle half of all scores, which single pictures cannot dominate; None without scores."""
    groups = [np.asarray(each, dtype=np.float64) for each in scores.values() if len(each)]

    def middle(numbers: NDArray[np.intp]) -> NDArray[np.float64]:
        if len({len(group) for group in groups}) == 1:
            # All samples at once: one by one, they take hundreds of times as long.
            scores = np.stack(groups)[numbers].reshape(*numbers.shape[:-1], -1)
            return np.asarray(stats.trim_mean(scores, 0.25, axis=-1))
        samples = numbers.reshape(-1, numbers.shape[-1])
        each = [stats.trim_mean(np.concatenate([groups[number] for number in sample]), 0.25) for sample in samples]
        return np.asarray(each).reshape(numbers.shape[:-1])

    return _bootstrapped(middle, len(groups), sum(map(len, groups)))


def probability_of_improvement(a: ByPicture, b: ByPicture) -> Estimate | None:
    """Return how probable it is that a training of arm ``a`` scores higher than one of ``b`` on the same picture.

    The mean over pictures of the Mann-Whitney statistic divided by the number of pairs; ties count half. None where no
    picture has scores of both.
    """
    shared = [number for number in a if len(a[number]) and len(b.get(number, ()))]
    each = np.asarray(
        [float(stats.mannwhitneyu(a[n], b[n]).statistic) / (len(a[n]) * len(b[n])) for n in shared], dtype=np.float64
    )
    return _bootstrapped(lambda numbers: each[numbers].mean(axis=-1), len(each), len(each))


def performance_profile(scores: ByPicture, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each threshold, the fraction of trainings that score at least that; pictures weigh equally."""
    groups = [np.asarray(each, dtype=np.float64) for each in scores.values() if len(each)]
    if not groups:
        return np.zeros(len(thresholds))
    return np.mean([(group[:, None] >= thresholds).mean(axis=0) for group in groups], axis=0)


def _bootstrapped(statistic: Callable[[NDArray[Any]], NDArray[Any]], pictures: int, scores: int) -> Estimate | None:
    """Return the statistic of all pictures; it takes numbers of pictures (..., P) and returns values (...)."""
    if not pictures:
        return None
    numbers = np.arange(pictures)
    value = float(statistic(numbers))
    if pictures == 1:
        return Estimate(value, -np.inf, np.inf)
    found = stats.bootstrap(
        (numbers,),
        lambda numbers, axis: statistic(np.moveaxis(numbers, axis, -1)),
        vectorized=True,
        batch=max(1, BATCH_SCORES // scores),
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(value, float(found.low), float(found.high))
