"""Recipes: rules, one-line errors, presets, changes, identity."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given

from sfumato.errors import RecipeError
from sfumato.recipe import (
    DESCRIPTIONS,
    Budget,
    Model,
    Recipe,
    canonical_json,
    changed,
    difference,
    flat,
    preset,
    recipe_id,
    values,
)
from sfumato.recipe.changes import merged
from sfumato.recipe.section import Section
from tests.recipe.strategies import recipes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"dept": 3}}, "model.dept is not a field of the recipe; did you mean model.depth?"),
        ({"modle": {}}, "modle is not a field of the recipe; did you mean model?"),
        ({"model": {"zzz": 3}}, "model.zzz is not a field of the recipe; valid: depth, width"),
        ({"model": {"depth": -1}}, "model.depth must be at least 0. Got -1."),
        ({"model": {"width": "300,x"}}, "model.width must be a whole number. Got"),
        ({"model": {"width": 0}}, "model.width must be from 1 to 65536 units"),
        ({"model": {"activation": "rely"}}, "model.activation must be one of leaky_relu, relu"),
        ({"training": {"batch": 0}}, "training.batch must be at least 1 or 'all'. Got 0."),
        ({"picture": {"size": "3"}}, "picture.size must be WIDTHxHEIGHT"),
        ({"picture": {"size": "1x9"}}, "picture.size must be WIDTHxHEIGHT"),
        ({"engine": "fsat"}, "engine must be 'auto'"),
        ({"budget": {"epochs": "nan"}}, "budget.epochs must be a finite number"),
        ({"budget": {"psnr": 30}}, "for the schedule"),
        ({"seed": 2**63}, "seed must be less than"),
    ],
)
def test_a_wrong_field_gives_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        changed(Recipe(), changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_python_callers_get_the_same_line() -> None:
    with pytest.raises(RecipeError, match=r"^depth must be at least 0\. Got -1\.$"):
        Model(depth=-1)
    with pytest.raises(RecipeError, match="at least one of epochs, steps, seconds, psnr"):
        Budget()


def test_a_list_of_widths_decides_the_depth() -> None:
    assert changed(Recipe(), {"model": {"width": "30,20"}}).model.widths == (30, 20)
    assert Model(width=(5, 4, 3), depth=9).depth == 3
    assert Model(depth=2, width=7).widths == (7, 7)


def test_a_change_of_the_budget_replaces_all_of_it() -> None:
    recipe = changed(preset("blog-2012"), {"budget": {"seconds": 3}})
    assert recipe.budget == Budget(seconds=3)
    assert changed(recipe, {"seed": 3}).budget == recipe.budget


@pytest.mark.slow
@given(one=recipes, other=recipes)
def test_differences_merge_back(one: Recipe, other: Recipe) -> None:
    changes = difference(values(one), values(other))
    assert Recipe.of(merged(values(other), changes)) == one
    assert (changes == {}) == (one == other)


def test_flat_names_are_the_flags() -> None:
    assert flat(values(Recipe()))["model.depth"] == 4
    assert flat({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}


def test_presets() -> None:
    assert preset("fast") == Recipe()
    blog, source = preset("blog-2012"), preset("source-2012")
    assert blog.model.widths == (300,) * 4
    assert source.model.widths == (300,) * 6
    assert str(blog.training.optimizer) == "sgd(lr=0.1, momentum=0.0, nesterov=false, fan_in_scaling=true)"
    assert str(blog.model.init) == "gaussian(scale=0.3)"
    assert (blog.picture.color_management, blog.coordinates.range, blog.training.batch) == (False, "unit", 1)
    assert difference(values(source), values(blog)) == {"model": {"depth": 6}}
    with pytest.raises(RecipeError, match="did you mean 'fast'"):
        preset("fats")
    for name in DESCRIPTIONS:
        assert preset(name) is not None


def test_the_id_depends_on_the_picture_not_its_path() -> None:
    one = changed(Recipe(), {"picture": {"source": "a.png"}})
    two = changed(Recipe(), {"picture": {"source": "b.png"}})
    assert recipe_id(one, "00") == recipe_id(two, "00") != recipe_id(one, "01")
    assert recipe_id(changed(one, {"seed": 1}), "00") != recipe_id(one, "00")
    assert "a.png" not in canonical_json(one, "00")
    assert len(recipe_id(one, "00")) == 8


def test_channel_weights_leave_the_ids_of_older_recipes() -> None:
    assert "channel_weights" not in canonical_json(Recipe(), "00")
    weighted = changed(Recipe(), {"training": {"channel_weights": "1,2,1"}})
    assert '"channel_weights":[1.0,2.0,1.0]' in canonical_json(weighted, "00")
    assert recipe_id(weighted, "00") != recipe_id(Recipe(), "00")


@pytest.mark.parametrize(
    ("changes", "identity"),
    [
        ({}, "d2743e5f"),
        ({"coordinates": {"align_corners": False}}, "007e70a8"),
        ({"training": {"optimizer": "muon"}}, "70cfa062"),
        ({"training": {"optimizer": "kfac"}}, "ca6797e4"),
        ({"model": {"init": "siren(30)"}}, "40c40309"),
        ({"model": {"init": "he"}}, "d26041e4"),
        ({"model": {"init": "glorot"}}, "0e2f9d21"),
        ({"model": {"init": "lecun"}}, "fb31701e"),
        ({"model": {"init": "gaussian(0.3)"}}, "d0049d34"),
    ],
    ids=str,
)
def test_ids_do_not_change_with_fields_that_are_added(changes: dict[str, Any], identity: str) -> None:
    # Written before these recipes' choices had all of their present fields.
    assert recipe_id(changed(Recipe(), changes), "00") == identity


@pytest.mark.parametrize(
    ("default", "other"),
    [("siren(30)", "siren(30, bias=weights)"), ("he", "he(bias=0.1)"), ("siren(30)", "siren(30, weight_scale=2)")],
)
def test_an_added_field_with_another_value_changes_the_id(default: str, other: str) -> None:
    one, two = (changed(Recipe(), {"model": {"init": init}}) for init in (default, other))
    assert recipe_id(one, "00") != recipe_id(two, "00")


def test_every_field_is_documented() -> None:
    def check(section: type[Section], path: str) -> None:
        for name, info in section.model_fields.items():
            if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
                check(info.annotation, f"{path}{name}.")
            else:
                assert info.description, f"{path}{name}"

    check(Recipe, "")


@pytest.mark.slow
def test_importing_recipes_does_not_import_torch() -> None:
    code = "import sys, sfumato.recipe, sfumato; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"picture": {"source": ""}}, "picture.source must be text with at least 1 character. Got ''."),
        ({"training": {"batch": "foo"}}, "training.batch must be a whole number or 'all'. Got 'foo'."),
        ({"training": {"optimizer": "adam(lr=-1)"}}, "with lr that is at least 0. Got -1."),
        ({"model": {"biases": "maybe"}}, "model.biases must be true or false. Got 'maybe'."),
    ],
)
def test_rules_are_sentences(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        changed(Recipe(), changes)
    assert message in str(caught.value)
