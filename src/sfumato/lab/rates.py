"""Learning rates of an optimizer: their grid, and the search for the best one.

The grid belongs to the optimizer, not to the rate that a recipe happens to set: all arms of one optimizer try the same
rates. An optimizer with several rates is searched along a line of constant ratios, those of the recipe.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from sfumato.lab.setting import Rates, Setting, TunedField
from sfumato.recipe import Recipe
from sfumato.recipe.choices import Optimizer

STEPS_PER_DECADE = 32
"""The finest grid: neighboring rates differ by 7%."""

COARSE = STEPS_PER_DECADE // 2
"""Steps between the rates tried first: half a decade, a factor of 3.16."""

REACH = 8 * COARSE
"""Steps from the start to the farthest rate tried: four decades either way."""

TYPICAL_RATES = 6
"""Rates per arm in most searches: three, one beyond the grid's border, two or three that refine."""

SAME_VARIANCE = 0.95
"""Level of the test of whether differences from both neighbors have the same variance."""

ROUNDING = 1e-6
"""Decibels by which a line may run below another one by rounding."""

Scores = Mapping[int, Sequence[float]]
"""Exponent, in steps, to the score of each tuning seed: higher is better; -inf where training failed or diverged."""

TUNING_SEEDS = 3
"""Seeds at each rate: the fewest that estimate their noise with more than one degree of freedom."""


def mean(scores: Sequence[float]) -> float:
    """Return the mean score of a rate; -inf where one seed failed."""
    return math.fsum(scores) / len(scores) if all(map(math.isfinite, scores)) else -math.inf


def best_of(scores: Scores) -> int:
    """Return the exponent of the highest mean; the lowest one among equals."""
    return max(sorted(scores), key=lambda exponent: mean(scores[exponent]))


def first_exponents(start: int) -> list[int]:
    """Return the grid that every search starts from."""
    return [start - COARSE, start, start + COARSE]


def next_exponents(scores: Scores, start: int, reach: int = REACH) -> list[int]:
    """Return the exponents to try next, at most ``reach`` from the start; an empty list when the search is over.

    The grid is extended while its best rate is at its border, then refined beside the best rate: in the gap that may
    hold the larger gain, as long as that gain exceeds the noise of the tuning seeds.
    """
    if missing := [exponent for exponent in first_exponents(start) if exponent not in scores]:
        return missing
    best = best_of(scores)
    if best == min(scores) and best > start - reach:
        return [best - COARSE]
    if best == max(scores) and best < start + reach:
        return [best + COARSE]
    if not math.isfinite(mean(scores[best])):
        return []
    noise = _noise(scores, best)
    middle, gain = max(_gaps(scores, best, noise), key=lambda gap: gap[1], default=(0, 0.0))
    return [middle] if gain > noise else []


def _gaps(scores: Scores, best: int, noise: float) -> list[tuple[int, float]]:
    """Return the gaps beside the best rate that can be halved: (exponent of the middle, upper bound of its gain).

    The gain is bounded as if the score were concave in the exponent: in a gap it stays below both lines that extend the
    chords on either side of the gap. A line that runs clearly below the chord across the gap shows that it is not
    concave there, as on the plateau where trainings collapse; it bounds nothing.
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
            bound = means[near] + slope * abs(near - middle) - means[best]
            if bound > (means[near] - means[best]) / 2 - 2 * noise - ROUNDING:
                bounds.append(bound)
        found.append((middle, min(bounds)))
    return found


def _noise(scores: Scores, best: int) -> float:
    """Return the standard error of the paired difference between the best rate and a neighbor; 0 if unknown.

    It is pooled over both neighbors, unless their variances differ by more than chance (F test): then that of the
    smaller one, because at the other some seeds collapsed, which says nothing of the noise near the best rate.
    """
    neighbors = [max((e for e in scores if e < best), default=None), min((e for e in scores if e > best), default=None)]
    seeds = len(scores[best])
    if seeds < 2:
        return 0.0
    variances = [
        float(np.var(np.subtract(scores[best], scores[each]), ddof=1))
        for each in neighbors
        if each is not None and math.isfinite(mean(scores[each]))
    ]
    if not variances:
        return 0.0
    chance = special.fdtri(seeds - 1, seeds - 1, SAME_VARIANCE)
    alike = [each for each in variances if each <= chance * min(variances)]
    return math.sqrt(math.fsum(alike) / len(alike) / seeds)


@dataclasses.dataclass(frozen=True)
class Tuning:
    """A search for each arm's learning rates, or other numbers, by training this many seeds with each value tried."""

    seeds: int = TUNING_SEEDS
    asked: tuple[str, ...] = ()
    """Names of the tuned fields, or ``name=low..high:log``; none: the learning rates alone."""
    candidates: int = 0
    """Settings that every arm tries in a search of several fields; 0: as many as a search of one field takes."""
    fields: Mapping[str, tuple[TunedField, ...]] = dataclasses.field(default_factory=dict)
    """What ``asked`` means in each arm, by the arm's name."""

    @property
    def halves(self) -> bool:
        """Whether the search is successive halving: some arm has several fields. Else it is a grid of three values."""
        return any(len(each) > 1 for each in self.fields.values())

    def to_values(self) -> dict[str, Any]:
        """Return the values of plan.json; those of a search for learning rates alone are as they always were."""
        if not self.asked:
            return {"seeds": self.seeds}
        fields = {arm: [each.to_values() for each in of_arm] for arm, of_arm in self.fields.items()}
        return {"seeds": self.seeds, "asked": list(self.asked), "candidates": self.candidates, "fields": fields}

    @staticmethod
    def of(data: Mapping[str, Any]) -> Tuning:
        """Return a search from the values of `to_values`."""
        fields = {arm: tuple(map(TunedField.of, of_arm)) for arm, of_arm in data.get("fields", {}).items()}
        return Tuning(data["seeds"], tuple(data.get("asked", ())), data.get("candidates", 0), fields)


@dataclasses.dataclass(frozen=True)
class Line:
    """The rates of an optimizer with fixed ratios, one point per exponent."""

    ratios: Rates
    """Each rate divided by the first that is not 0."""
    start: int
    """Exponent, in steps of the finest grid, of the half decade nearest to the optimizer's default."""

    def at(self, exponent: int) -> Rates:
        """Return the rates at an exponent: 10^(exponent / 32) times the ratios, to three and six digits."""
        return _point(self.ratios, exponent)

    @property
    def reach(self) -> int:
        """The largest distance of an exponent from the start."""
        return REACH

    def setting(self, exponent: int) -> Setting:
        """Return the rates at an exponent as a setting."""
        return Setting(self.at(exponent))

    def scaled(self, rate: float) -> Rates:
        """Return the rates whose first that is not 0 is ``rate``, to six digits."""
        return tuple(float(f"{rate * ratio:.6g}") for ratio in self.ratios)


def rates_of(optimizer: Optimizer) -> Sequence[str]:
    """Return the names of an optimizer's learning rates: ``lr``, and ``adam_lr`` of those that leave layers to Adam."""
    names = [field.name for field in dataclasses.fields(optimizer)]
    return [name for name in names if name == "lr" or name.endswith("_lr")]


def values_of(optimizer: Optimizer) -> Rates:
    """Return an optimizer's learning rates."""
    return tuple(float(getattr(optimizer, name)) for name in rates_of(optimizer))


def with_rates(recipe: Recipe, rates: Sequence[float]) -> Recipe:
    """Return the recipe with these learning rates of its optimizer."""
    optimizer = recipe.training.optimizer
    if tuple(rates) == values_of(optimizer):
        return recipe
    values = dict(zip(rates_of(optimizer), rates, strict=True))
    training = recipe.training.model_copy(update={"optimizer": dataclasses.replace(optimizer, **values)})
    return recipe.model_copy(update={"training": training})


def lines_of(optimizer: Optimizer, others: Sequence[Optimizer] = ()) -> tuple[Line, ...]:
    """Return the lines along which an optimizer's rates are searched: one per ratio of rates.

    ``others``: the optimizers of all arms. Every arm of the same optimizer tries the ratios of all of them, so that no
    arm gains by its own.
    """
    alike = [each for each in (*others, optimizer) if type(each) is type(optimizer)]
    return tuple(dict.fromkeys(_line(each) for each in sorted(alike, key=lambda each: _line(each).ratios)))


def middle_of(optimizer: Optimizer) -> float:
    """Return the rate in the middle of the grid that an optimizer's search starts from."""
    return 10 ** (_line(optimizer).start / STEPS_PER_DECADE)


def _line(optimizer: Optimizer) -> Line:
    default = values_of(type(optimizer)())
    written = values_of(optimizer) if any(values_of(optimizer)) else default
    first = next(number for number, value in enumerate(written) if value)
    # Rounded to six digits, so that rounding errors of the division do not make two of one ratio.
    ratios = tuple(float(f"{value / written[first]:.6g}") for value in written)
    anchor = default[first] or 1.0
    return Line(ratios, COARSE * round(math.log10(anchor) * STEPS_PER_DECADE / COARSE))


@lru_cache(maxsize=10_000)
def _point(ratios: Rates, exponent: int) -> Rates:
    rate = float(f"{10 ** (exponent / STEPS_PER_DECADE):.3g}")
    return tuple(float(f"{rate * ratio:.6g}") for ratio in ratios)
