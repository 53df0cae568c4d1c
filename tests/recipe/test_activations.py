"""One activation for all hidden layers, or a list with one per layer; fields for the first layer alone."""

from __future__ import annotations

from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.recipe import Model, Recipe, changed, choices, fields
from sfumato.recipe.description import describe
from sfumato.recipe.engines import ENGINES
from sfumato.recipe.memory_estimate import Size, training
from sfumato.recipe.report import drawing, one_line
from sfumato.recipe.summary import differences
from sfumato.recipe.text import (
    canonical_json,
    from_json,
    from_string,
    from_toml,
    recipe_id,
    to_json,
    to_string,
    to_toml,
)

MIXED = "sine(30, first_omega=10),relu,relu,gabor(omega=5)"
RESOLVED = (choices.Sine(10), choices.ReLU(), choices.ReLU(), choices.Gabor(omega=5))


def recipe_of(activation: Any, **model: Any) -> Recipe:
    return changed(Recipe(), {"model": {"activation": activation, **model}})


@pytest.mark.parametrize(
    "written",
    [
        MIXED,
        ["sine(30, first_omega=10)", "relu", "relu", "gabor(omega=5)"],
        (choices.Sine(30, 10), "relu", choices.ReLU(), choices.Gabor(omega=5)),
    ],
    ids=["text", "list", "objects"],
)
def test_ways_to_write_a_list(written: Any) -> None:
    model = recipe_of(written).model
    assert model.activation == (choices.Sine(30, 10), choices.ReLU(), choices.ReLU(), choices.Gabor(omega=5))
    assert model.activations == RESOLVED


def test_one_activation_is_that_of_every_layer() -> None:
    assert recipe_of("tanh", depth=3).model.activations == (choices.Tanh(),) * 3
    assert recipe_of("tanh", width=(4, 5)).model.activations == (choices.Tanh(),) * 2
    assert Model(depth=0).activations == ()


@pytest.mark.parametrize(
    ("activation", "first", "later"),
    [
        ("sine(20)", choices.Sine(20), choices.Sine(20)),
        ("sine(20, 5)", choices.Sine(5), choices.Sine(20)),
        ("finer(omega=20, first_omega=5)", choices.Finer(5), choices.Finer(20)),
        ("gabor(omega=20, scale=3, first_omega=5)", choices.Gabor(5, 3), choices.Gabor(20, 3)),
        ("sinc(omega=20, first_omega=5)", choices.Sinc(5), choices.Sinc(20)),
    ],
)
def test_the_first_layer_may_have_another_frequency(
    activation: str, first: choices.Activation, later: choices.Activation
) -> None:
    model = recipe_of(activation, depth=3).model
    assert model.activations == (first, later, later)
    assert [each.parameters[0] for each in model.activations] == [first.parameters[0], 20, 20]
    # The bounds of hidden weights depend on the frequency of hidden layers.
    assert isinstance(model.activation, choices.Activation)
    init = model.activation.initialization()
    assert isinstance(init, choices.Siren | choices.FinerInitialization)
    assert init.omega == 20


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (
            "sine,relu",
            "must be one activation for all hidden layers, or one per layer: 4, which is model.depth. Got 2: ",
        ),
        ((), ".* which is model.depth. Got 0: none"),
        ("relu,relu,relu,rely", "must be one of leaky_relu, .* Got 'rely'; did you mean 'relu'?"),
        (("relu", "relu", "relu", 3), "must be one of leaky_relu, .* Got .*3"),
        ("relu,,relu,relu", "must be written like name or name\\(field=value\\). Got ''"),
        ("relu,sine(1,2),relu,relu", "must have fields first_... only in the first of a list. Got sine\\(omega=1"),
        (
            "sine(first_omega=0)",
            r"must call sine\(omega=30.0, first_omega=none\) with first_omega that is greater than 0",
        ),
        ("sine(omega=none)", ".* with omega that is a number. Got 'none'"),
        (("relu",) * 1001, "must have at most 1000 activations. Got 1001"),
    ],
)
def test_an_invalid_list_gives_one_line(activation: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=f"^model.activation {message}") as caught:
        recipe_of(activation)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_change_of_the_depth_names_the_list() -> None:
    with pytest.raises(RecipeError, match="one per layer: 5, which is model.depth. Got 4: sine"):
        changed(recipe_of(MIXED), {"model": {"depth": 5}})
    with pytest.raises(RecipeError, match="one per layer: 2, which is model.depth. Got 4: sine"):
        changed(recipe_of(MIXED), {"model": {"width": (4, 5)}})


def test_lists_survive_files_and_strings() -> None:
    recipe = recipe_of(MIXED, init="siren")
    assert from_json(to_json(recipe)) == from_toml(to_toml(recipe)) == from_string(to_string(recipe)) == recipe
    assert '"activation":["sine(omega=30.0, first_omega=10.0)","relu","relu","gabor(' in canonical_json(recipe, "")
    assert differences(recipe.model_dump(mode="json"))["model.activation"] == (
        "sine(first_omega=10),relu,relu,gabor(omega=5)"
    )


def test_a_parameter_without_a_value_is_not_written() -> None:
    assert str(choices.Sine()) == "sine(omega=30.0)"
    assert str(choices.Sine(first_omega=3)) == "sine(omega=30.0, first_omega=3.0)"
    assert choices.Activation.parse("sine(first_omega=none)") == choices.Sine()
    recipe = changed(Recipe(), {"model": {"activation": "sine(20)"}})
    # As before the parameter existed.
    assert recipe_id(recipe, "0" * 64) == "44eccd61"
    assert recipe_id(Recipe(), "0" * 64) == "9fe0bf9d"


def test_a_drawing_has_the_activation_of_every_layer() -> None:
    description = describe(recipe_of(MIXED))
    assert one_line(description) == "2 -> [300 sine(omega=10)] -> [300 relu] x2 -> [300 gabor(omega=5)] -> 3"
    text = "\n".join(drawing(description))
    assert "| 300 relu           |  x 2   180,600 parameters" in text
    assert one_line(describe(recipe_of("sine(20, 5)"))) == "2 -> [300 sine(omega=5)] -> [300 sine(omega=20)] x3 -> 3"


def test_memory_counts_each_layer_s_activation() -> None:
    def bytes_of(activation: str) -> int:
        recipe = changed(recipe_of(activation, width=(100, 1000)), {"engine": "autograd", "training": {"batch": 4096}})
        return training(recipe, Size(64, 64))

    # tanh stores a third number per unit and sample, in float32.
    assert bytes_of("tanh,relu") - bytes_of("relu,relu") == 4096 * 4 * 100
    assert bytes_of("relu,tanh") - bytes_of("relu,relu") == 4096 * 4 * 1000
    assert bytes_of("tanh,tanh") == bytes_of("tanh")


def test_engines_accept_lists_of_what_they_accept() -> None:
    recipe = recipe_of(MIXED)
    assert not ENGINES["fused"].unsupported(recipe)
    assert [each for each in ENGINES["online"].unsupported(recipe) if "activation" in each] == []
    (line,) = (each for each in ENGINES["replica"].unsupported(recipe) if each.startswith("model.activation"))
    assert line.startswith(
        "model.activation must be leaky_relu. Got sine(omega=30.0, first_omega=10.0),relu,relu,gabor("
    )


def test_forms_know_that_it_may_be_a_list() -> None:
    field = next(
        each for section in fields.sections() for each in section["fields"] if each["path"] == "model.activation"
    )
    assert field["kind"] == "call"
    assert field["list"]
    assert field["default"] == "leaky_relu"
    sine = next(each for each in field["choices"] if each["name"] == "sine")
    first = next(each for each in sine["parameters"] if each["name"] == "first_omega")
    assert (first["kind"], first["default"], first["optional"], first["above"]) == ("number", "none", True, 0)
