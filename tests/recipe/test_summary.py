"""What differs, in short texts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given

from sfumato.recipe import Recipe, changed, preset, values
from sfumato.recipe.changes import optional
from sfumato.recipe.summary import differences, text
from tests.recipe.strategies import recipes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"model": {"depth": 6}, "seed": 7}, {"model.depth": "6", "seed": "7"}),
        ({"model": {"width": (30, 20)}}, {"model.width": "30,20"}),
        ({"model": {"width": (9, 9, 9, 9)}}, {"model.width": "9,9,9,9"}),
        ({"model": {"width": (9,)}}, {"model.width": "9", "model.depth": "1"}),
        ({"model": {"width": ()}}, {"model.depth": "0"}),
        ({"model": {"biases": False}}, {"model.biases": "false"}),
        ({"picture": {"source": "a.png", "size": "30x20"}}, {"picture.size": "30x20"}),
        ({"picture": {"size": "30x20", "max_side": 1024}}, {"picture.size": "30x20", "picture.max_side": "1024"}),
        ({"picture": {"max_side": None}}, {"picture.max_side": "none"}),
        ({"budget": {"epochs": 0.5}}, {"budget.epochs": "0.5"}),
        ({"training": {"optimizer": "adam(lr=0.01, eps=1e-8)"}}, {"training.optimizer": "adam(lr=0.01)"}),
        ({"training": {"optimizer": "sgd(momentum=0.9, nesterov=true)"}},
         {"training.optimizer": "sgd(momentum=0.9, nesterov=true)"}),
        ({"training": {"schedule": "cosine"}, "data": {"split": 0.123456789}},
         {"training.schedule": "cosine", "data.split": "0.123456789"}),
        ({"threads": 2, "engine": "online", "dtype": "float32", "device": "cpu"}, {}),
        ({"engine": "replica", "dtype": "float64"}, {"engine": "replica"}),
        ({"engine": "autograd", "dtype": "float64", "device": "cuda"}, {"dtype": "float64", "device": "cuda"}),
    ],
)  # fmt: skip
def test_differences(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert differences(values(changed(Recipe(), changes))) == expected


def test_fields_of_another_version_are_shown() -> None:
    assert differences({**values(Recipe()), "novel": {"thing": None}}) == {"novel.thing": "none"}
    assert differences({"training": {"optimizer": "adagrad(lr=1)"}}) == {"training.optimizer": "adagrad(lr=1)"}


@given(recipes)
def test_what_is_shown_makes_the_recipe_again(recipe: Recipe) -> None:
    # Of no layers the width says nothing, so it is not shown; a list of one is shown as its number.
    assume(not isinstance(recipe.model.width, tuple) or len(recipe.model.width) > 1)
    shown: dict[str, Any] = {}
    for name, value in differences(values(recipe)).items():
        *above, field = name.split(".")
        place = shown.setdefault(above[0], {}) if above else shown
        place[field] = None if value == "none" and optional(name) else value
    machine = {"threads": recipe.threads, "engine": recipe.engine}
    source = {"source": recipe.picture.source}
    again = changed(Recipe(), {**shown, **machine, "picture": {**shown.get("picture", {}), **source}})
    assert again == recipe


def test_a_choice_with_its_defaults_is_its_name() -> None:
    assert text(str(Recipe().training.optimizer)) == "foof"
    assert text(str(preset("source-2012").training.optimizer)) == "sgd(fan_in_scaling=true)"
    assert text("siren") == "siren"
    assert text("neither(a choice") == "neither(a choice"
