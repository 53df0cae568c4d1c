"""The grid of learning rates, which grows to where the best one is."""

from __future__ import annotations

import math

import pytest

from sfumato.lab.rates import MOST_ROUNDS, Tuning, best_of, rates_of, scaled
from sfumato.recipe import Recipe, changed
from sfumato.recipe.choices import Optimizer


def search(quality: dict[float, float] | None = None, best: float = 1.0) -> dict[float, float]:
    """Go on as an experiment does, where dB fall with the distance of the factor from the best one."""
    tuning = Tuning()
    means = dict.fromkeys(tuning.factors, 0.0)
    while True:
        means = {factor: (quality or {}).get(factor, -abs(math.log(factor / best))) for factor in means}
        more = tuning.grow(means)
        if more is None:
            return means
        means[more] = 0.0


@pytest.mark.parametrize("best", [1 / 27, 1 / 3, 1, 3, 27])
def test_the_best_rate_is_found_inside_the_grid(best: float) -> None:
    means = search(best=best)
    assert best_of(means) == pytest.approx(best)
    assert min(means) < best_of(means) < max(means)


def test_the_grid_does_not_grow_for_ever() -> None:
    assert len(search(best=1e9)) == len(Tuning().factors) + MOST_ROUNDS


def test_rates_that_diverge_are_left() -> None:
    means = search({1 / 3: 20.0, 1.0: -math.inf, 3.0: -math.inf, 1 / 9: 19.0})
    assert best_of(means) == 1 / 3
    assert all(math.isfinite(means[factor]) for factor in means if factor < 1)


def test_of_equal_means_the_lowest_rate_is_taken() -> None:
    assert best_of({1.0: 20.0, 3.0: 20.0, 0.3: 19.0}) == 1.0


@pytest.mark.parametrize("optimizer", sorted(Optimizer.members))
def test_every_optimiser_s_rates_are_scaled_and_nothing_else(optimizer: str) -> None:
    recipe = changed(Recipe(), {"training": {"optimizer": optimizer}})
    before, after = recipe.training.optimizer, scaled(recipe, 3.0).training.optimizer
    rates = rates_of(before)
    assert "lr" in rates
    for name, value in vars(before).items():
        assert getattr(after, name) == (value * 3 if name in rates else value)
    assert all(name.endswith("lr") == (name in rates) for name in vars(before))
