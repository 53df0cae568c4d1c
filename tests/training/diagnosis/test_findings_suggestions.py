"""Every suggestion is a flag that a recipe accepts."""

from __future__ import annotations

import re
import shlex

import pytest

from sfumato.recipe import Recipe, changed
from sfumato.recipe.choices import Activation, Optimizer
from sfumato.training.diagnosis import findings


def applied(recipe: Recipe, text: str) -> Recipe:
    """Return the recipe with the flags in ``text``."""
    words = shlex.split(text)
    for name, value in zip(words[::2], words[1::2], strict=True):
        section, _, field = name.removeprefix("--").partition(".")
        recipe = changed(recipe, {section: {field: value}})
    return recipe


@pytest.mark.parametrize("name", Optimizer.members)
@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e6])
def test_rates(name: str, factor: float) -> None:
    default = Optimizer.members[name]()
    recipe = changed(Recipe(), {"training": {"optimizer": f"{name}(lr={default.lr * factor})"}})
    lr = recipe.training.optimizer.lr
    assert applied(recipe, findings.lower_rate(recipe)).training.optimizer.lr < lr
    assert applied(recipe, findings.higher_rate(recipe)).training.optimizer.lr > lr


@pytest.mark.parametrize("name", Activation.members)
def test_initializations(name: str) -> None:
    recipe = changed(Recipe(), {"model": {"activation": name, "init": "gaussian(7)"}})
    assert not findings.has_good_initialization(recipe)
    assert findings.has_good_initialization(applied(recipe, findings.initialization(recipe)))


def test_the_training_of_2012() -> None:
    training = applied(Recipe(), findings.blog_2012()).training
    assert training.batch == 1
    assert training.optimizer.lr == 0.1


def test_a_suggestion_is_given_once() -> None:
    assert findings.as_text("--a 1", "--b 2", "--a 1") == "Try --a 1, or --b 2."
    assert re.fullmatch(r"Try .*\.", findings.as_text(findings.linear_output()))
