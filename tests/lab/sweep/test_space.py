"""Spaces of recipes: ranges, values, and ranges inside of values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import RecipeError
from sfumato.lab.sweep import space as spaces
from sfumato.recipe import Recipe

BASE = Recipe()


class Ends:
    """A trial that suggests the lowest or highest of everything, and records what it was asked for."""

    def __init__(self, *, high: bool) -> None:
        self._high = high
        self.asked: dict[str, Any] = {}

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.asked[name] = list(choices)
        return choices[-1 if self._high else 0]

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        self.asked[name] = (low, high, log)
        return high if self._high else low

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        self.asked[name] = (low, high, log)
        return high if self._high else low


@pytest.mark.parametrize(
    ("field", "text", "asked", "low", "high"),
    [
        ("model.width", "32..512:log", {"model.width": (32, 512, True)}, "32", "512"),
        ("model.depth", "2..8", {"model.depth": (2, 8, False)}, "2", "8"),
        ("data.split", "0.1..0.5", {"data.split": (0.1, 0.5, False)}, "0.1", "0.5"),
        ("model.activation", "relu,tanh", {"model.activation": ["relu", "tanh"]}, "relu", "tanh"),
        (
            "model.activation",
            "sine(10..60.5)",
            {"model.activation": (10.0, 60.5, False)},
            "sine(10)",
            "sine(60.5)",
        ),
        (
            "training.optimizer",
            "adam(lr=1e-4..1e-1:log)",
            {"training.optimizer.lr": (1e-4, 1e-1, True)},
            "adam(lr=0.0001)",
            "adam(lr=0.1)",
        ),
    ],
)
def test_ranges_and_values(field: str, text: str, asked: dict[str, Any], low: str, high: str) -> None:
    space = spaces.parse(BASE, {field: text})
    for expected, ends in ((low, Ends(high=False)), (high, Ends(high=True))):
        assert space.suggest(ends) == {field: expected}
        assert ends.asked == asked
        spaces.recipe_of(BASE, {field: expected})
    assert spaces.parse(BASE, space.as_values()) == space


def test_a_range_inside_of_a_value_exists_only_where_it_is_chosen() -> None:
    space = spaces.parse(BASE, {"training.optimizer": "adam(lr=1e-4..1e-1:log),muon(lr=0.005..0.5:log)"})
    low, high = Ends(high=False), Ends(high=True)
    assert space.suggest(low) == {"training.optimizer": "adam(lr=0.0001)"}
    assert "training.optimizer.adam.lr" in low.asked
    assert "training.optimizer.muon.lr" not in low.asked
    assert space.suggest(high) == {"training.optimizer": "muon(lr=0.5)"}
    assert "training.optimizer.muon.lr" in high.asked


def test_a_finite_space_has_a_size() -> None:
    space = spaces.parse(BASE, {"model.depth": "2..4", "model.activation": ["relu", "tanh"]})
    assert space.is_finite
    assert space.size == 6
    assert not spaces.parse(BASE, {"data.split": "0.1..0.5"}).is_finite


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "a sweep needs a space"),
        ({"model.wdth": "3..4"}, "must have fields of the recipe, such as model.width. Got 'model.wdth'"),
        ({"seed": "3..4"}, "must not have the picture or the seed"),
        ({"picture.source": "a,b"}, "must not have the picture or the seed"),
        ({"model.width": "8"}, "needs a range or several values"),
        ({"model.width": "8..4"}, "with low below high. Got 8..4"),
        ({"model.width": "0..4:log"}, "above 0 on a logarithmic scale"),
        ({"model.width": "8..x"}, "must have ranges such as"),
        ({"model.width": "8,,9"}, "must have values, a range"),
        ({"model.width": "8,8"}, "each value once. Got 8 twice"),
        ({"model.width": "0..4"}, "model.width=0..4: model.width"),
        ({"model.activation": "relu,snie(3..4)"}, "model.activation=snie(3..4): model.activation"),
        ({"training.optimizer": "adam(1e-4..1e-2, 0.5..0.9)"}, "every range must have its own name"),
    ],
)
def test_spaces_that_no_recipe_has_are_refused_in_one_line(texts: dict[str, str], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        spaces.parse(BASE, texts)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1e6),
    st.booleans(),
    st.sampled_from(["adam(lr={})", "sgd(lr={}, momentum=0.9)"]),
)
def test_any_range_of_numbers_is_parsed(a: float, b: float, log: bool, around: str) -> None:
    low, high = sorted((float(f"{a:.5g}"), float(f"{b:.5g}")))
    if low == high:
        return
    text = around.format(f"{low:.5g}..{high:.5g}{':log' if log else ''}")
    (axis,) = spaces.parse(BASE, {"training.optimizer": text}).axes
    (found,) = axis.alternatives[0].ranges
    assert (found.low, found.high, found.log) == (low, high, log)
    for end in (low, high):
        value = axis.alternatives[0].text(lambda each, end=end: each.text(end))
        assert spaces.recipe_of(BASE, {"training.optimizer": value}).training.optimizer.lr == pytest.approx(
            end, rel=1e-5
        )


def test_a_file_holds_the_same_space(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(
        '[space]\n"model.width" = "32..512:log"\nmodel.depth = [2, 4]\n'
        'training.optimizer = ["adam", "muon(lr=0.01..0.1)"]\n'
    )
    found = spaces.parse(BASE, spaces.read_file(path))
    assert found.as_values() == {
        "model.width": ["32..512:log"],
        "model.depth": ["2", "4"],
        "training.optimizer": ["adam", "muon(lr=0.01..0.1)"],
    }


@pytest.mark.parametrize("text", ["", "space = 3", "[space", "[other]\na = 1"])
def test_a_file_without_a_space_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(RecipeError, match=r"space\.toml must "):
        spaces.read_file(tmp_path / "space.toml")
    with pytest.raises(RecipeError, match="no such file"):
        spaces.read_file(tmp_path / "absent.toml")
