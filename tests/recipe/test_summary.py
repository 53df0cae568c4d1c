"""Differences from the default recipe in short texts."""

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
         {"training.schedule": "cosine", "data.split": "random(fraction=0.123456789)"}),
        ({"threads": 2, "engine": "online", "dtype": "float32", "device": "cpu"}, {}),
        ({"engine": "replica", "dtype": "float64"}, {"engine": "replica"}),
        ({"engine": "autograd", "dtype": "float64", "device": "cuda"}, {"dtype": "float64", "device": "cuda"}),
    ],
)  # fmt: skip
def test_differences(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert differences(values(changed(Recipe(), changes))) == expected


def test_fields_of_another_version_are_included() -> None:
    assert differences({**values(Recipe()), "novel": {"thing": None}}) == {"novel.thing": "none"}
    assert differences({"training": {"optimizer": "adagrad(lr=1)"}}) == {"training.optimizer": "adagrad(lr=1)"}


@pytest.mark.slow
@given(recipes)
def test_differences_restore_the_recipe(recipe: Recipe) -> None:
    # Without layers the width is omitted; a list of one width is written as a number.
    assume(not isinstance(recipe.model.width, tuple) or len(recipe.model.width) > 1)
    changes: dict[str, Any] = {}
    for name, value in differences(values(recipe)).items():
        *above, field = name.split(".")
        section = changes.setdefault(above[0], {}) if above else changes
        section[field] = None if value == "none" and optional(name) else value
    machine = {"threads": recipe.threads, "engine": recipe.engine}
    source = {"source": recipe.picture.source}
    restored = changed(Recipe(), {**changes, **machine, "picture": {**changes.get("picture", {}), **source}})
    assert restored == recipe


def test_a_choice_with_default_values_is_its_name() -> None:
    assert text(str(Recipe().training.optimizer)) == "foof"
    assert text(str(preset("source-2012").training.optimizer)) == "sgd(fan_in_scaling=true)"
    assert text("siren") == "siren"
    assert text("neither(a choice") == "neither(a choice"
