"""Connections of each connectivity, and networks that cannot have them."""

from __future__ import annotations

from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.recipe import Model, Recipe, changed, from_string, to_string
from sfumato.recipe.connections import Connections


@pytest.mark.parametrize(
    ("model", "connections", "fan_ins", "terms"),
    [
        ({"depth": 3, "width": 9}, Connections(), [2, 9, 9, 9], [1, 1, 1, 1]),
        (
            {"depth": 3, "width": 9, "connectivity": "residual"},
            Connections(frozenset({1, 2})),
            [2, 9, 9, 9],
            [1, 1, 2, 3],
        ),
        ({"depth": 0, "connectivity": "residual"}, Connections(), [2], [1]),
        ({"width": (9, 8, 7), "connectivity": "skip"}, Connections(concat_layer=1), [2, 11, 8, 7], [1, 1, 1, 1]),
        (
            {"depth": 8, "width": 5, "connectivity": "skip"},
            Connections(concat_layer=4),
            [2, 5, 5, 5, 7, 5, 5, 5, 5],
            [1] * 9,
        ),
        ({"depth": 2, "width": 5, "connectivity": "skip(2)"}, Connections(concat_layer=1), [2, 7, 5], [1, 1, 1]),
        (
            {"width": (9, 8, 7), "connectivity": "dense"},
            Connections(dense_layers=frozenset({0, 1, 2})),
            [2, 9 + 2, 8 + 9 + 2, 7 + 8 + 9 + 2],
            [1] * 4,
        ),
        ({"depth": 0, "connectivity": "dense"}, Connections(), [2], [1]),
    ],
)
def test_connections(model: dict[str, Any], connections: Connections, fan_ins: list[int], terms: list[int]) -> None:
    recipe = Model.of(model)
    assert recipe.connections == connections
    assert recipe.connections.fan_ins(2, recipe.widths) == fan_ins
    assert [recipe.connections.terms(layer) for layer in range(len(fan_ins))] == terms


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"width": (9, 8), "connectivity": "residual"},
            r"model must have hidden layers of one width .* Got \(9, 8\)\.",
        ),
        (
            {"depth": 1, "connectivity": "skip"},
            r"model must have depth 2 or more for connectivity skip\. Got depth 1\.",
        ),
        ({"depth": 3, "connectivity": "skip(4)"}, r"layer from 2 to its depth, 3, .* Got skip\(layer=4\)\."),
        ({"depth": 3, "connectivity": "skip(1)"}, r"layer from 2 to its depth, 3, .* Got skip\(layer=1\)\."),
    ],
)
def test_impossible_connections_are_rejected_with_one_line(model: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        changed(Recipe(), {"model": model})


def test_strings_carry_the_connectivity() -> None:
    skip = changed(Recipe(), {"model": {"connectivity": "skip(3)"}})
    assert from_string(to_string(skip)) == skip
