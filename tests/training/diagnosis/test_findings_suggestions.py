"""Every suggestion is a flag that a recipe accepts."""

from __future__ import annotations

import re
import shlex

import pytest

from sfumato.recipe import Recipe, changed, choices
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


MIXED = {"activation": "sine(30, first_omega=10),tanh,tanh,sine(8)", "init": "glorot"}


def test_lists_of_activations() -> None:
    recipe = changed(Recipe(), {"model": MIXED, "data": {"split": 0.2}})
    assert findings.has_good_initialization(recipe)
    assert findings.initialization(recipe) == "--model.init glorot"
    later = changed(recipe, {"model": {"activation": "relu,sine(20),sine(20),relu", "init": "he"}})
    assert not findings.has_good_initialization(later)
    assert applied(later, findings.initialization(later)).model.init == choices.Siren(20)
    (other,) = findings.other_initialization(recipe)
    assert applied(recipe, other).model.activation == choices.LeakyReLU()
    smooth, init = (findings.smoother(recipe)[0].partition(" --model.init ")[index] for index in (0, 2))
    assert smooth == '--model.activation "sine(omega=20, first_omega=5),tanh,tanh,sine(omega=4)"'
    assert choices.Initialization.parse(init.strip('"')) == choices.Siren(4)
    rectifiers = changed(recipe, {"model": {"activation": "relu,gelu,relu,elu", "init": "random_hyperplanes"}})
    assert findings.other_initialization(rectifiers) == []
    assert "activation" not in findings.smoother(rectifiers)[0]


@pytest.mark.parametrize("name", ["sine", "finer", "gabor", "sinc"])
def test_a_smoother_activation_has_half_the_frequency(name: str) -> None:
    recipe = changed(Recipe(), {"model": {"activation": f"{name}(omega=16, first_omega=8)"}, "data": {"split": 0.2}})
    smoother = applied(recipe, findings.smoother(recipe)[0]).model
    assert smoother.activation == choices.Activation.parse(f"{name}(omega=8, first_omega=4)")
    assert isinstance(smoother.init, choices.Siren | choices.FinerInitialization)
    assert smoother.init.omega == 8


def test_the_training_of_2012() -> None:
    training = applied(Recipe(), findings.blog_2012()).training
    assert training.batch == 1
    assert training.optimizer.lr == 0.1


def test_a_suggestion_is_given_once() -> None:
    assert findings.as_text("--a 1", "--b 2", "--a 1") == "Try --a 1, or --b 2."
    assert re.fullmatch(r"Try .*\.", findings.as_text(findings.linear_output()))
