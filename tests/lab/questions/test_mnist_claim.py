"""The claim's counts, and two plans that differ in the task alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.lab.digits.data import Digits
from sfumato.lab.plan import Plan
from sfumato.lab.questions import find, mnist_claim
from sfumato.lab.rates import Tuning
from sfumato.recipe import Recipe, changed
from tests.lab.digits import made
from tests.lab.small_plan import pictures

RECIPE = changed(Recipe(), mnist_claim.DEFAULTS)


def plans(changes: dict[str, Any] | None = None, digits: Digits | None = None, **how: Any) -> tuple[Plan, Plan]:
    how = {"seeds": (0, 1), "tuning": Tuning(), **how}
    return mnist_claim.plans(changed(RECIPE, changes or {}), pictures()[0], digits or made.digits(), **how)


def test_the_claim_s_count_of_input_values() -> None:
    mnist, picture = mnist_claim.input_values()
    assert mnist == 784 * 60_000
    assert picture == 300 * 429 * 2
    assert round(mnist / picture, 2) == 182.75


def test_multiply_adds_give_another_ratio() -> None:
    mnist, picture = mnist_claim.multiply_adds(RECIPE)
    hidden = 3 * 300 * 300
    assert mnist == 60_000 * (784 * 300 + hidden + 300 * 10)
    assert picture == 128_700 * (2 * 300 + hidden + 300 * 3)
    assert round(mnist / picture, 2) == 0.87
    # It does not depend on the recipe's network.
    assert mnist_claim.multiply_adds(changed(RECIPE, {"model": {"depth": 1, "width": 9}})) == (mnist, picture)


def test_the_plans_differ_in_the_task_only() -> None:
    picture, digits = plans()
    assert (picture.seeds, picture.tuning, picture.comparisons) == (digits.seeds, digits.tuning, digits.comparisons)
    assert (picture.task, digits.task) == ("picture", "digits")
    # The intervals of both are simultaneous.
    assert (picture.family, digits.family) == (2, 2)
    for one, other in zip(picture.arms, digits.arms, strict=True):
        alike = {"model": {"depth": 1, "width": 1}, "budget": {"epochs": 1}}
        assert changed(one.recipe, alike) == changed(other.recipe, alike)
    # 20 epochs of 12 x 10 pixels; 30 of 80 digits.
    assert digits.arms[0].recipe.budget.epochs == 30
    assert Plan.of(digits.to_values()) == digits


@pytest.mark.parametrize(("inputs", "parameters"), [(64, 8000), (784, 100_000)])
def test_parameters_agree_within_one_in_a_hundred(inputs: int, parameters: int) -> None:
    digits = Digits("made", made.part(80, 1, inputs), made.part(40, 2, inputs))
    for plan, wanted in zip(plans(digits=digits), (8000, parameters), strict=True):
        for arm in plan.arms:
            ends = (inputs, 10) if plan.task == "digits" else (2, 3)
            units = (ends[0], *arm.recipe.model.widths, ends[1])
            products = [a * b for a, b in itertools.pairwise(units)]
            assert arm.parameters == sum(products) + sum(units[1:])
            assert arm.operations == 6 * sum(products)
            assert abs(sum(products) + sum(units[1:]) - wanted) <= 0.01 * wanted
    requested = plans(parameters=3000)
    assert all(abs((arm.parameters or 0) - 3000) <= 30 for plan in requested for arm in plan.arms)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"init": "random_hyperplanes"}}, "model.init must be any but random_hyperplanes"),
        ({"model": {"module": "nets:Net"}}, "model.module must be none for digits"),
        ({"data": {"split": 0.1}}, "data.split must be none for digits"),
        ({"budget": {"steps": 9}}, "budget.epochs must be given"),
    ],
)
def test_settings_that_need_a_picture_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        plans(changes)


def test_it_is_not_among_single_experiments() -> None:
    with pytest.raises(RecipeError, match="sfumato compare mnist-claim"):
        find("mnist-claim")
