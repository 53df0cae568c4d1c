"""The call syntax of choices, and their implementations, one each."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import RecipeError
from sfumato.recipe.choices import (
    FAMILIES,
    Activation,
    Adam,
    Choice,
    Cosine,
    Initialization,
    LeakyReLU,
    Optimizer,
    Rprop,
    Schedule,
    Sine,
)
from tests.recipe.strategies import choices

ANY_CHOICE = st.sampled_from(FAMILIES).flatmap(choices)


@given(ANY_CHOICE)
def test_a_choice_survives_the_round_trip(choice: Choice) -> None:
    family = next(family for family in FAMILIES if isinstance(choice, family))
    assert family.parse(str(choice)) == choice


def test_a_field_that_was_added_is_written_unless_it_means_what_its_absence_means() -> None:
    assert str(Initialization.parse("siren(30, bias=fan_in)")) == "siren(omega=30.0)"
    assert str(Initialization.parse("siren(30, bias=weights)")) == "siren(omega=30.0, bias=weights)"


@pytest.mark.parametrize("member", [member for family in FAMILIES for member in family.members.values()])
def test_an_added_field_is_absent_by_default(member: type[Choice]) -> None:
    for name, absent in member.added_fields.items():
        assert getattr(member(), name) == absent


def test_a_field_with_words_and_numbers_names_both_in_errors() -> None:
    with pytest.raises(RecipeError, match="with bias that is 'fan_in' or 'weights' or at least 0. Got -1"):
        Initialization.parse("he(bias=-1)")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("leaky_relu(0.2)", LeakyReLU(negative_slope=0.2)),
        ("leaky_relu(negative_slope=.2)", LeakyReLU(negative_slope=0.2)),
        (" leaky_relu ", LeakyReLU(negative_slope=0.01)),
        ("leaky_relu()", LeakyReLU(negative_slope=0.01)),
        ("sine(omega=30)", Sine(omega=30.0)),
    ],
)
def test_ways_to_write_an_activation(text: str, choice: Activation) -> None:
    assert Activation.parse(text) == choice


def test_values_of_every_kind() -> None:
    assert str(Optimizer.parse("sgd(0.2, nesterov=true, momentum=0.5)")) == (
        "sgd(lr=0.2, momentum=0.5, nesterov=true, fan_in_scaling=false)"
    )
    assert str(Optimizer.parse("lbfgs(line_search=none)")).endswith("line_search=none)")


@pytest.mark.parametrize(
    ("family", "text", "message"),
    [
        (Activation, "leeky_relu", "did you mean 'leaky_relu'?"),
        (Activation, "leaky_relu(negative_slop=1)", "did you mean 'negative_slope'?"),
        (Activation, "leaky_relu(0.1, 0.2)", "must call leaky_relu(negative_slope=0.01)"),
        (Activation, "leaky_relu(0.1, negative_slope=0.2)", "twice"),
        (Activation, "leaky_relu(-1)", "Got -1"),
        (Activation, "leaky_relu(nan)", "Got 'nan'"),
        (Optimizer, "adam(lr=1e999)", "Got inf"),
        (Activation, "__import__('os')", "must be one of"),
        (Activation, "relu if 1 else tanh", "must be written like"),
        (Activation, "relu(", "must be written like"),
        (Activation, "sine(**{})", "must be written like"),
        (Activation, "sine(x.y)", "must be written like"),
        (Activation, "", "must be written like"),
        (Activation, "(" * 500, "must be written like"),
        (Schedule, "cosine(warmup=1)", "Got 1"),
    ],
)
def test_an_invalid_call_gives_one_line_with_a_remedy(family: type[Choice], text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        family.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_choice_or_rejected_with_one_line(text: str) -> None:
    try:
        assert isinstance(Optimizer.parse(text), Optimizer)
    except RecipeError as error:
        assert "\n" not in str(error).replace(repr(text), "")


def test_usage_is_a_valid_call() -> None:
    for family in FAMILIES:
        for member in family.members.values():
            assert family.parse(member.usage()) == member()
    assert Cosine.usage() == "cosine(warmup=0.0, end=0.0, evaluated=middle)"


def test_every_field_is_documented() -> None:
    for family in FAMILIES:
        for member in family.members.values():
            assert member.__doc__
            for field in dataclasses.fields(member):
                assert getattr(field.default, "description", None), f"{member.name}.{field.name}"


def test_every_choice_has_its_own_implementation() -> None:
    for family in FAMILIES:
        found = {name: member.implementation() for name, member in family.members.items()}
        assert all(callable(getattr(each, "tensor", each)) for each in found.values())
        assert len({id(each) for each in found.values()}) == len(found), family


def test_every_family_is_listed() -> None:
    assert set(FAMILIES) == set(Choice.__subclasses__())


def test_members_are_values() -> None:
    assert Adam(lr=0.1) == Optimizer.parse("adam(0.1)")
    assert hash(Rprop()) == hash(Optimizer.parse("rprop"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        Adam().lr = 3  # pyright: ignore[reportAttributeAccessIssue]
