"""Suggestions of Optuna for a search of several fields: the next settings to try, from the scores of those before."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sfumato.lab.optuna_loading import load_optuna
from sfumato.lab.ranges import Range

Point = tuple[float, ...]
"""A value for each range, in their order."""

Told = tuple[tuple[Point, float], ...]
"""Points with their scores, of which more is better; -inf where training failed or diverged."""

SEED = 2012

FEW = 16
"""Whole numbers of a range that are tried one by one."""

NEEDED_BY = "tuning several fields"


@lru_cache(maxsize=1024)
def suggested(space: tuple[Range, ...], told: Told, count: int) -> tuple[Point, ...]:
    """Return the next ``count`` points to try.

    They depend on nothing but the arguments: a new study is told everything, in the order given. The first ones are the
    middle of all ranges and a quasi-random sequence (Sobol 1967), which fills the space evenly; later ones are those
    that a Gaussian process expects to improve the most (Mockus 1978). Raises SfumatoError without Optuna.
    """
    optuna = load_optuna(NEEDED_BY)
    distributions = {each.name: _distribution(optuna, each) for each in space}
    with warnings.catch_warnings():
        # Both samplers were marked as experimental, which changes nothing for a reader of the results.
        warnings.simplefilter("ignore")
        if told:
            sampler = optuna.samplers.GPSampler(seed=SEED + len(told), n_startup_trials=0)
        else:
            independent = optuna.samplers.RandomSampler(seed=SEED)
            sampler = optuna.samplers.QMCSampler(scramble=True, seed=SEED, independent_sampler=independent)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for point, score in zip([point for point, _ in told], _clipped([score for _, score in told]), strict=True):
            params = dict(zip(distributions, point, strict=True))
            study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=score))
        found = [] if told else [tuple(each.at(0.5) for each in space)]
        while len(found) < count:
            params = study.ask(distributions).params
            found.append(tuple(each.rounded(params[each.name]) for each in space))
    return tuple(found)


def _clipped(scores: Sequence[float]) -> list[float]:
    """Return the scores with those of failed and diverged trainings raised to the lowest of the others."""
    finite = [score for score in scores if math.isfinite(score)]
    floor = min(finite, default=0.0)
    return [max(score, floor) for score in scores]


def _distribution(optuna: Any, one: Range) -> Any:
    """Return a range for Optuna; `Range.rounded` makes what it suggests whole, or gives it three digits.

    Optuna's Gaussian process tries all of a few whole numbers, but searches many number by number, which takes several
    times as long as for a range of any numbers. In that each whole one has an interval of the same length, as have
    those at the ends.
    """
    if one.whole and one.high - one.low < FEW:
        return optuna.distributions.IntDistribution(int(one.low), int(one.high), log=one.log)
    beyond = 0.5 if one.whole else 0.0
    return optuna.distributions.FloatDistribution(one.low - beyond, one.high + beyond, log=one.log)
