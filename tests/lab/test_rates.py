"""The grid of learning rates belongs to the optimizer, not to the rate that a recipe sets."""

from __future__ import annotations

import itertools

import pytest

from sfumato.lab.rates import lines_of, rates_of, values_of, with_rates
from sfumato.recipe import Recipe, changed
from sfumato.recipe.choices import Optimizer


def optimizer(text: str) -> Optimizer:
    return changed(Recipe(), {"training": {"optimizer": text}}).training.optimizer


@pytest.mark.parametrize("name", sorted(Optimizer.members))
def test_every_optimizer_s_rates_are_set_and_nothing_else(name: str) -> None:
    recipe = changed(Recipe(), {"training": {"optimizer": name}})
    before = recipe.training.optimizer
    (line,) = lines_of(before)
    after = with_rates(recipe, line.at(line.start + 3)).training.optimizer
    rates = rates_of(before)
    assert "lr" in rates
    for field, value in vars(before).items():
        assert (getattr(after, field) != value) == (field in rates)
    assert all(field.endswith("lr") == (field in rates) for field in vars(before))
    assert with_rates(recipe, values_of(before)) is recipe
    # The start is the half decade nearest to the default.
    assert 10**-0.26 < line.at(line.start)[0] / before.lr < 10**0.26


@pytest.mark.parametrize("written", ["adam(lr=0.003)", "adam(lr=0.0017)", "adam(lr=7)", "adam(lr=1e-9)", "adam(lr=0)"])
def test_the_written_rate_does_not_move_the_grid(written: str) -> None:
    assert lines_of(optimizer(written)) == lines_of(optimizer("adam"))
    assert lines_of(optimizer("adam"))[0].at(-96) == (0.001,)


def test_ratios_of_several_rates_stay_as_written_and_every_arm_tries_all_of_them() -> None:
    arms = [optimizer(text) for text in ("foof(lr=0.3,adam_lr=0.015)", "foof(lr=0.1,adam_lr=0.05)", "adam", "foof")]
    (only,) = lines_of(arms[0])
    assert only == lines_of(arms[3])[0]
    found = [lines_of(each, arms) for each in arms if type(each) is type(arms[0])]
    assert len(found[0]) == 2
    assert all(a == b for a, b in itertools.pairwise(found))
    assert {line.at(-32) for line in found[0]} == {(0.1, 0.005), (0.1, 0.05)}
    (frozen,) = lines_of(optimizer("foof(lr=0,adam_lr=0.01)"))
    assert frozen.at(-64) == (0.0, 0.01)
