"""Learning rates of an optimizer: their names, their values, and the grid of the search for the best ones.

The grid belongs to the optimizer, not to the rate that a recipe happens to set: all arms of one optimizer try the same
rates. An optimizer with several rates is searched along a line of constant ratios, those of the recipe.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import lru_cache

from sfumato.lab.search import COARSE, STEPS_PER_DECADE
from sfumato.recipe import Recipe
from sfumato.recipe.choices import Optimizer

Rates = tuple[float, ...]
"""Values of an optimizer's learning rates, in the order of `rates_of`."""


TUNING_SEEDS = 3
"""Seeds at each rate: the fewest that estimate their noise with more than one degree of freedom."""


@dataclasses.dataclass(frozen=True)
class Tuning:
    """A search for each arm's learning rates, by training this many seeds at each rate tried."""

    seeds: int = TUNING_SEEDS


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
