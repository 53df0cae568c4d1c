"""Strategies of hypothesis for recipes."""

from __future__ import annotations

import dataclasses
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import reject
from hypothesis import strategies as st
from pydantic import ValidationError

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe
from sfumato.recipe.choices import FAMILIES, Choice, Plain
from sfumato.recipe.connections import connections


def _value(name: str, kind: Any) -> st.SearchStrategy[Any]:
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return st.one_of([_value(name, branch) for branch in get_args(kind)])
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(1, 10).map(lambda number: 2 * number)
    if type(None) in get_args(kind):
        return st.none() | st.floats(1e-9, 0.99)
    # In the range of every field, except the one that must be above 1.
    return st.floats(1.01, 50) if name == "increase" else st.floats(1e-9, 0.99)


@st.composite
def choices(draw: st.DrawFn, family: type[Choice]) -> Choice:
    """Draw a member of a family with any valid values."""
    member = draw(st.sampled_from(list(family.members.values())))
    hints = get_type_hints(member)
    names = [field.name for field in dataclasses.fields(member)]
    values = {name: draw(_value(name, hints[name])) for name in names}
    try:
        return member(**values)
    except ValidationError:
        # Sides of a rectangle in the wrong order, a fraction above its limit.
        reject()


_optional_size = st.none() | st.tuples(st.integers(2, 9999), st.integers(2, 9999)).map(lambda wh: f"{wh[0]}x{wh[1]}")
_by_family = {family.family: choices(family) for family in FAMILIES}


def _possible(model: dict[str, Any]) -> dict[str, Any]:
    """Return the model with connectivity plain where its layers do not fit another one, and an activation for each."""
    width, activation = model["width"], model["activation"]
    widths = width if isinstance(width, tuple) else (width,) * model["depth"]
    if isinstance(activation, list):
        first, *later = (activation * len(widths))[: len(widths)] or activation
        model = {**model, "activation": (first, *(each.in_layer(1) for each in later)) if widths else first}
    listed = activation if isinstance(activation, list) else [activation]
    if any(each.is_complex for each in listed):
        one = next(each for each in listed if each.is_complex)
        model = {**model, "activation": one, "connectivity": Plain(), "normalization": "none"}
    # With filters in place of activations, some fields have their defaults.
    model = {name: value for name, value in model.items() if name not in model["connectivity"].determines}
    try:
        connections(model["connectivity"], widths)
    except RecipeError:
        return {**model, "connectivity": "plain"}
    return model


def _consistent(values: dict[str, Any]) -> dict[str, Any]:
    """Return the recipe with a full batch of all pixels where the loss compares whole pictures."""
    training = values["training"]
    if not training["loss"].of_pictures:
        return values
    sampler = training["sampler"] if training["sampler"].permutes else "fixed"
    return {
        **values,
        "training": {**training, "batch": "all", "sampler": sampler},
        "data": {"split": 0, "target_range": "unit"},
    }


def _placed(coordinates: dict[str, Any]) -> dict[str, Any]:
    """Return the coordinates with an endpoint where corners are not aligned."""
    return {**coordinates, "endpoint": coordinates["endpoint"] or not coordinates["align_corners"]}


def _recipe(values: dict[str, Any]) -> Recipe:
    """Return the recipe, with targets that its outputs can reach, and for which its loss is defined."""
    if values["model"]["output_activation"] == "sigmoid" or values["training"]["loss"].of_unit_range:
        values = {**values, "data": {**values["data"], "target_range": "unit"}}
    return Recipe.of(_consistent(values))


recipes: st.SearchStrategy[Recipe] = st.fixed_dictionaries(
    {
        "picture": st.fixed_dictionaries(
            {
                "source": st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20),
                "size": _optional_size,
                "max_side": st.none() | st.integers(2, 16384),
                "channels": st.sampled_from(["auto", "gray", "rgb", "rgba"]),
                "transfer": st.sampled_from(["srgb", "linear"]),
                "color_management": st.booleans(),
            }
        ),
        "coordinates": st.fixed_dictionaries(
            {
                "range": st.sampled_from(["unit", "signed"]),
                "align_corners": st.booleans(),
                "endpoint": st.booleans(),
                "aspect": st.floats(0.01, 50) | st.just("picture"),
            }
        ).map(_placed),
        "data": st.fixed_dictionaries(
            {
                "split": st.floats(0, 0.95) | _by_family["split"],
                "target_range": st.sampled_from(["unit", "signed"]),
            }
        ),
        "model": st.fixed_dictionaries(
            {
                "connectivity": _by_family["connectivity"],
                "depth": st.integers(0, 20),
                "width": st.integers(1, 999) | st.lists(st.integers(1, 999), max_size=5).map(tuple),
                "activation": _by_family["activation"] | st.lists(_by_family["activation"], min_size=1, max_size=3),
                "output_activation": st.sampled_from(["linear", "sigmoid"]),
                "encoding": _by_family["encoding"],
                "init": _by_family["initialization"],
                "biases": st.booleans(),
            }
        ).map(_possible),
        "training": st.fixed_dictionaries(
            {
                "batch": st.integers(1, 10**6) | st.just("all"),
                "sampler": _by_family["sampler"],
                "optimizer": _by_family["optimizer"],
                "schedule": _by_family["schedule"],
                "loss": _by_family["loss"],
            }
        ),
        "budget": st.fixed_dictionaries(
            {
                "epochs": st.floats(0, 1e6),
                "steps": st.none() | st.integers(0, 10**9),
                "seconds": st.none() | st.floats(0, 1e6),
                "psnr": st.none() | st.floats(1, 90),
            }
        ),
        "evaluation": st.fixed_dictionaries(
            {
                "interval": st.sampled_from(["auto", "epoch", "end"]),
                "psnr": st.sampled_from(["clipped", "unclipped", "rounded"]),
            }
        ),
        "seed": st.integers(-(2**63), 2**63 - 1),
        "engine": st.sampled_from(["auto", "replica", "online", "fused", "concurrent", "autograd"]),
        "threads": st.integers(0, 64),
    }
).map(_recipe)
"""Valid recipes in which every field varies."""
