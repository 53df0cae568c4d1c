"""Recipes survive every text format, and damaged text is rejected with one line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import RecipeError
from sfumato.recipe import (
    DESCRIPTIONS,
    Recipe,
    changed,
    from_json,
    from_string,
    from_toml,
    preset,
    to_json,
    to_string,
    to_toml,
)
from tests.recipe.strategies import recipes

FORMATS = [(to_json, from_json), (to_toml, from_toml), (to_string, from_string)]


@pytest.mark.slow
@pytest.mark.parametrize(("write", "read"), FORMATS)
@given(recipe=recipes)
def test_round_trip(write: Callable[[Recipe], str], read: Callable[[str], Recipe], recipe: Recipe) -> None:
    assert read(write(recipe)) == recipe


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_presets_survive_the_string(name: str) -> None:
    text = to_string(preset(name))
    assert from_string(text) == preset(name)
    assert text.startswith("sf2:")
    assert set(text[4:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_old_strings_have_the_same_meaning() -> None:
    # Written when the format was made; its meaning must not change with the defaults.
    recipe = from_string("sf2:eNqrVsrNT0nNUbKqVkpJLSjJULIyq60FAFBFB0k")
    assert recipe.model.depth == 6


def test_a_string_of_an_older_layout_is_rejected_with_one_line() -> None:
    with pytest.raises(RecipeError, match=r"must be a sf2:\.\.\. string. Got sf1:..., which an older Sfumato wrote"):
        from_string("sf1:eNqrVsrNT0nNUbKqVkpJLSjJULIyq60FAFBFB0k")


@given(st.text(max_size=80))
def test_any_text_is_a_recipe_or_rejected(text: str) -> None:
    for read in (from_json, from_toml, from_string):
        try:
            assert isinstance(read(text), Recipe)
        except RecipeError as error:
            assert "\n" not in str(error)


@pytest.mark.slow
def test_a_decompression_bomb_is_rejected() -> None:
    import base64
    import zlib

    bomb = "sf2:" + base64.urlsafe_b64encode(zlib.compress(b"[" * 50_000_000)).decode()
    with pytest.raises(RecipeError, match="does not unpack"):
        from_string(bomb)


def test_json_is_plain_data() -> None:
    data = json.loads(to_json(changed(Recipe(), {"model": {"activation": "sine(3)"}})))
    assert data["model"]["activation"] == "sine(omega=3.0)"
    assert data["training"]["optimizer"].startswith("foof(")


def test_a_toml_budget_replaces_the_default() -> None:
    assert from_toml("[budget]\nepochs = 3").budget.seconds is None


def test_toml_writes_none_where_the_default_has_a_value() -> None:
    recipe = changed(Recipe(), {"picture": {"max_side": None}})
    assert 'max_side = "none"' in to_toml(recipe)
    assert from_toml(to_toml(recipe)) == recipe
    assert from_toml('[picture]\nmax_side = "none"') == recipe


def test_a_size_is_exact_unless_max_side_is_given_too() -> None:
    large = "3000x2000"
    for recipe in (
        changed(Recipe(), {"picture": {"size": large}}),
        Recipe.of({"picture": {"size": large}}),
        from_toml(f'[picture]\nsize = "{large}"'),
    ):
        assert (recipe.picture.size, recipe.picture.max_side) == (large, None)
        assert from_string(to_string(recipe)) == recipe
    assert Recipe().picture.max_side == 1024


def test_old_strings_have_no_max_side() -> None:
    assert from_string("sf2:eNqrVsrNT0nNUbKqVkpJLSjJULIyq60FAFBFB0k").picture.max_side is None
