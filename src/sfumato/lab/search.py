"""The search for the best learning rate: the exponents to try next, given the scores of those tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

STEPS_PER_DECADE = 32
"""The finest grid: neighboring rates differ by 7%."""

COARSE = STEPS_PER_DECADE // 2
"""Steps between the rates tried first: half a decade, a factor of 3.16."""

REACH = 8 * COARSE
"""Steps from the start to the farthest rate tried: four decades either way."""

TYPICAL_RATES = 6
"""Rates per arm in most searches: three, one beyond the grid's border, two or three that refine."""

Scores = Mapping[int, Sequence[float]]
"""Exponent, in steps, to the score of each tuning seed: higher is better; -inf where training failed or diverged."""


def mean(scores: Sequence[float]) -> float:
    """Return the mean score of a rate; -inf where one seed failed."""
    return math.fsum(scores) / len(scores) if all(map(math.isfinite, scores)) else -math.inf


def best_of(scores: Scores) -> int:
    """Return the exponent of the highest mean; the lowest one among equals."""
    return max(sorted(scores), key=lambda exponent: mean(scores[exponent]))


def first_exponents(start: int) -> list[int]:
    """Return the grid that every search starts from."""
    return [start - COARSE, start, start + COARSE]


def next_exponents(scores: Scores, start: int) -> list[int]:
    """Return the exponents to try next; an empty list when the search is over.

    The grid is extended while its best rate is at its border, then refined beside the best rate: in the gap that may
    hold the larger gain, as long as that gain exceeds the noise of the tuning seeds.
    """
    if missing := [exponent for exponent in first_exponents(start) if exponent not in scores]:
        return missing
    best = best_of(scores)
    if best == min(scores) and best > start - REACH:
        return [best - COARSE]
    if best == max(scores) and best < start + REACH:
        return [best + COARSE]
    if not math.isfinite(mean(scores[best])):
        return []
    middle, gain = max(_gaps(scores, best), key=lambda gap: gap[1], default=(0, 0.0))
    return [middle] if gain > _noise(scores, best) else []


def _gaps(scores: Scores, best: int) -> list[tuple[int, float]]:
    """Return the gaps beside the best rate that can be halved: (exponent of the middle, upper bound of its gain).

    The gain is bounded as if the score were concave in the exponent: in a gap it stays below both lines that extend the
    chords on either side of the gap.
    """
    found: list[tuple[int, float]] = []
    means = {exponent: mean(each) for exponent, each in scores.items()}
    for sign in (-1, 1):
        beyond = sorted((exponent for exponent in means if sign * (exponent - best) > 0), key=lambda e: sign * e)
        behind = [exponent for exponent in means if sign * (exponent - best) < 0]
        if not beyond or abs(beyond[0] - best) < 2:
            continue
        near, middle = beyond[0], (best + beyond[0]) // 2
        bounds = [math.inf]
        if behind:
            back = max(behind, key=lambda e: sign * e)
            slope = (means[best] - means[back]) / abs(best - back)
            bounds.append(slope * abs(middle - best))
        if len(beyond) > 1 and math.isfinite(means[near]):
            slope = (means[near] - means[beyond[1]]) / abs(beyond[1] - near)
            bounds.append(means[near] + slope * abs(near - middle) - means[best])
        found.append((middle, min(bounds)))
    return found


def _noise(scores: Scores, best: int) -> float:
    """Return the standard error of the paired difference between the best rate and a neighbor; 0 if unknown."""
    neighbors = [max((e for e in scores if e < best), default=None), min((e for e in scores if e > best), default=None)]
    pairs = [
        np.subtract(scores[best], scores[each])
        for each in neighbors
        if each is not None and math.isfinite(mean(scores[each]))
    ]
    if not pairs or len(scores[best]) < 2:
        return 0.0
    return math.sqrt(float(np.mean([np.var(pair, ddof=1) for pair in pairs])) / len(scores[best]))
