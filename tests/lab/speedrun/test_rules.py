"""Recipes that may take part, and those that may not."""

from __future__ import annotations

from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.lab.speedrun import rules
from sfumato.lab.speedrun.tracks import TRACKS, Track
from sfumato.recipe import Recipe, changed, preset

CLOSED, OPEN = TRACKS["closed"], TRACKS["open"]


@pytest.mark.parametrize("track", [CLOSED, OPEN])
def test_the_record_recipe_of_a_track_is_accepted(track: Track) -> None:
    recipe = rules.entered(preset(track.preset), track)
    assert rules.name(recipe, track) == track.preset
    assert (recipe.picture.source, recipe.picture.color_management, recipe.picture.channels) == (
        "mona-lisa",
        False,
        "rgb",
    )
    assert recipe.evaluation.interval == "end"
    assert rules.entered(recipe, track) == recipe


def test_the_closed_record_is_fast_with_another_budget() -> None:
    fast, speedrun = preset("fast"), preset("speedrun")
    assert speedrun.budget.epochs is not None
    assert changed(speedrun, {"budget": fast.budget.model_dump(exclude_none=True)}) == fast


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"init": "he"}},
        {"model": {"width": (300, 300, 300, 300)}},
        {"coordinates": {"range": "unit", "align_corners": False}},
        {
            "training": {
                "batch": 1,
                "sampler": "sequential",
                "optimizer": "sgd",
                "schedule": "constant",
                "loss": "huber",
            }
        },
        {"picture": {"max_side": 200}, "data": {"split": 0.1}},
        {"picture": {"source": "photo.jpg", "color_management": True}},
        {"budget": {"seconds": 2}},
        {"engine": "autograd", "threads": 1, "dtype": "float64", "seed": 7},
    ],
)
def test_fields_that_are_free_in_the_closed_track(changes: dict[str, Any]) -> None:
    recipe = changed(preset("fast"), changes)
    ran = rules.entered(recipe, CLOSED)
    assert ran.model == recipe.model
    assert ran.training == recipe.training
    assert ran.budget == recipe.budget
    assert ran.coordinates == recipe.coordinates
    assert (ran.picture.max_side, ran.picture.source) == (recipe.picture.max_side, "mona-lisa")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"width": 400}}, "model.width must be 4 hidden layers of 300. Got 400,400,400,400."),
        ({"model": {"depth": 5}}, "model.width must be 4 hidden layers of 300. Got 300,300,300,300,300."),
        ({"model": {"depth": 0}}, "Got no layer."),
        (
            {"model": {"activation": "leaky_relu(0.2)"}},
            "model.activation must be leaky_relu(negative_slope=0.01). Got leaky",
        ),
        ({"model": {"activation": "sine"}}, "Got sine(omega=30.0)."),
        ({"model": {"activation": "relu,tanh,relu,relu"}}, "Got relu,tanh,relu,relu."),
        ({"model": {"output_activation": "sigmoid"}}, "model.output_activation must be linear. Got sigmoid."),
        ({"model": {"encoding": "fourier"}}, "model.encoding must be none. Got fourier(sigma=10.0, features=256)."),
        ({"model": {"biases": False}}, "model.biases must be true. Got false."),
        ({"model": {"module": "nets:Net"}}, "model.module must be none. Got nets:Net."),
    ],
)
def test_fields_that_are_fixed_in_the_closed_track_only(changes: dict[str, Any], words: str) -> None:
    recipe = changed(preset("fast"), changes)
    with pytest.raises(RecipeError) as caught:
        rules.entered(recipe, CLOSED)
    line = str(caught.value)
    assert words in line
    assert line.startswith("the recipe breaks the rules of the track closed: ")
    assert line.endswith("--track open.")
    assert "\n" not in line
    assert rules.entered(recipe, OPEN).model == recipe.model


@pytest.mark.parametrize("track", [CLOSED, OPEN])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": {"epochs": 1, "psnr": 28.15}}, "budget.psnr must be none: no evaluation may decide"),
        ({"picture": {"channels": "gray"}}, "picture.channels must be rgb. Got gray."),
        ({"picture": {"channels": "rgba"}}, "picture.channels must be rgb. Got rgba."),
        ({"picture": {"transfer": "linear"}}, "picture.transfer must be srgb, in which PSNR is measured. Got linear."),
    ],
)
def test_fields_that_are_fixed_in_both_tracks(track: Track, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        rules.entered(changed(preset("fast"), changes), track)
    assert words in str(caught.value)


def test_all_violations_are_reported_at_once() -> None:
    recipe = changed(
        preset("fast"), {"model": {"depth": 5, "output_activation": "sigmoid"}, "picture": {"channels": "gray"}}
    )
    with pytest.raises(RecipeError, match=r"picture\.channels.*model\.width.*model\.output_activation"):
        rules.entered(recipe, CLOSED)


def test_the_open_track_sets_the_budget() -> None:
    assert rules.entered(preset("blog-2012"), OPEN).budget == Recipe().budget.model_copy(update={"seconds": 10.0})
    assert rules.entered(preset("blog-2012"), CLOSED).budget.epochs == 500


@pytest.mark.parametrize(
    ("track", "changes", "words"),
    [
        (CLOSED, {"seed": "3"}, "seed must be left to the track closed: its seeds are fixed."),
        (CLOSED, {"evaluation": {"interval": "epoch"}}, "evaluation.interval must be left"),
        (CLOSED, {"picture": {"source": "cat"}}, "--picture gives the path of its file"),
        (CLOSED, {"picture": {"color_management": True}}, "picture.color_management must be left"),
        (OPEN, {"budget": {"seconds": "5"}}, "budget.seconds must be left to the track open: it is 10 s of training."),
    ],
)
def test_changes_of_fields_that_the_track_sets_are_refused(track: Track, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        rules.check_changes(changes, track)
    assert words in str(caught.value)


def test_other_changes_are_accepted() -> None:
    rules.check_changes({"picture": {"max_side": "20"}, "budget": {"epochs": "1"}, "threads": "1"}, CLOSED)
    rules.check_changes({"model": {"depth": "2"}}, OPEN)


def test_a_recipe_s_name_does_not_depend_on_the_hardware() -> None:
    for hardware in ({"threads": 1}, {"engine": "autograd"}, {"dtype": "float64"}, {"device": "cpu"}):
        assert rules.name(rules.entered(changed(preset("fast"), hardware), CLOSED), CLOSED) == "fast"
    assert rules.name(rules.entered(changed(preset("fast"), {"training": {"batch": 64}}), CLOSED), CLOSED) == "custom"
    assert rules.name(rules.entered(preset("source-2012"), OPEN), OPEN) == "source-2012"


def test_official_seeds_are_never_tuned_on() -> None:
    for track in TRACKS.values():
        official, tuning = track.seeds["official"], track.seeds["tuning"]
        assert len(official) == len(set(official)) == 10
        assert not set(official) & set(tuning)
