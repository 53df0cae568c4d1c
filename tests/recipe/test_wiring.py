"""What a shape means for each layer, and which networks cannot have it."""

from __future__ import annotations

from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.recipe import Model, Recipe, changed, from_string, to_string
from sfumato.recipe.wiring import Wiring


@pytest.mark.parametrize(
    ("model", "wiring", "fan_ins", "terms"),
    [
        ({"depth": 3, "width": 9}, Wiring(), [2, 9, 9, 9], [1, 1, 1, 1]),
        ({"depth": 3, "width": 9, "shape": "residual"}, Wiring(frozenset({1, 2})), [2, 9, 9, 9], [1, 1, 2, 3]),
        ({"depth": 0, "shape": "residual"}, Wiring(), [2], [1]),
        ({"width": (9, 8, 7), "shape": "skip"}, Wiring(joins=1), [2, 11, 8, 7], [1, 1, 1, 1]),
        ({"depth": 8, "width": 5, "shape": "skip"}, Wiring(joins=4), [2, 5, 5, 5, 7, 5, 5, 5, 5], [1] * 9),
        ({"depth": 2, "width": 5, "shape": "skip(2)"}, Wiring(joins=1), [2, 7, 5], [1, 1, 1]),
    ],
)
def test_wiring(model: dict[str, Any], wiring: Wiring, fan_ins: list[int], terms: list[int]) -> None:
    recipe = Model.of(model)
    assert recipe.wiring == wiring
    assert recipe.wiring.fan_ins(2, recipe.widths) == fan_ins
    assert [recipe.wiring.terms(layer) for layer in range(len(fan_ins))] == terms


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"width": (9, 8), "shape": "residual"}, r"model must have hidden layers of one width .* Got \(9, 8\)\."),
        ({"depth": 1, "shape": "skip"}, r"model must have depth 2 or more for shape skip\. Got depth 1\."),
        ({"depth": 3, "shape": "skip(4)"}, r"layer from 2 to its depth, 3, .* Got skip\(layer=4\)\."),
        ({"depth": 3, "shape": "skip(1)"}, r"layer from 2 to its depth, 3, .* Got skip\(layer=1\)\."),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(model: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        changed(Recipe(), {"model": model})


def test_strings_from_before_there_were_shapes_are_plain() -> None:
    # Written before: depth 6, seed 7.
    old = (
        "sf1:eNodjtsKwyAQRH9F9ikFGzQlvQh-S7FxkwoaRW0hDfn3bvI4nDnDrBCiRQ9qBYupvkFdObjZVVCAdsLSlMF41B"
        "fRihNsHGo2hOdpN16mDmT0suMQU3XB_TCTOMY4Nj5r0UrOQgw410-g9ODMmpDI1hLPouesUPRYtOzuxHAwy14jgF_M"
        "i-4EZ4aU5zEmRH9cKIgW1G37AwBlOlE"
    )
    skip = changed(Recipe(), {"model": {"shape": "skip(3)"}})
    assert from_string(to_string(skip)) == skip
    assert from_string(old).model == changed(Recipe(), {"model": {"depth": 6}}).model
