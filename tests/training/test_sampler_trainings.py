"""Trainings with every sampler: they resume to the same bits, and held-out pixels have no influence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sfumato.recipe import Recipe, changed, choices
from sfumato.training.engines import Advance
from sfumato.training.engines.requirements import resolve
from sfumato.training.picture import PictureProblem
from tests.small import SMALL, picture, trainer

SAMPLERS = [*(each() for each in choices.Sampler.members.values()), choices.ErrorProportional(interval=3)]


def recipe_of(choice: choices.Sampler, **training: Any) -> Recipe:
    changes = {"training": {**SMALL["training"], "sampler": str(choice), **training}, "budget": {"steps": 50}}
    return resolve(changed(changed(Recipe(), SMALL), {**changes, "data": {"split": 0.3}, "device": "cpu"}))


@pytest.mark.parametrize("batch", [16, "all"])
@pytest.mark.parametrize("choice", SAMPLERS, ids=str)
def test_a_resumed_training_has_the_same_bits(choice: choices.Sampler, batch: Any) -> None:
    recipe = recipe_of(choice, batch=batch)
    whole, parts = trainer(recipe), trainer(recipe)
    whole.advance(23)
    parts.advance(11)
    resumed = trainer(recipe)
    resumed.load(parts.state(), 0.0)
    resumed.advance(12)
    expected, found = whole.state(), resumed.state()
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert np.array_equal(value, found[name]), name


@pytest.mark.parametrize("choice", SAMPLERS, ids=str)
def test_held_out_pixels_have_no_influence(choice: choices.Sampler) -> None:
    recipe = recipe_of(choice)
    target = picture()
    problem = PictureProblem(recipe, target)
    assert problem.samples.held_out is not None
    changed_target = np.where(problem.samples.held_out[..., None], np.float32(31 / 255), target)
    assert (changed_target != target).any()
    one, other = trainer(recipe, target), trainer(recipe, changed_target)
    one.advance(20)
    other.advance(20)
    for name, value in one.state().items():
        assert np.array_equal(value, other.state()[name]), name


@pytest.mark.parametrize("choice", SAMPLERS, ids=str)
def test_only_training_pixels_are_drawn(choice: choices.Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(choice)
    training = trainer(recipe)
    problem = PictureProblem(recipe, picture())
    assert problem.samples.held_out is not None
    trained = {tuple(row) for row in problem.inputs.tolist()}
    assert len(trained) == np.count_nonzero(~problem.samples.held_out)
    seen: set[int] = set()
    engine: Any = training._engine
    monkeypatch.setattr(engine, "advance", lambda pixels, *_: seen.update(pixels.tolist()) or Advance(1.0, 1.0))
    training.advance(60)
    drawn = {tuple(row) for row in engine._coordinates[sorted(seen)].double().tolist()}
    assert len(drawn) > 0.8 * len(trained)
    rounded = {tuple(np.float32(row).tolist()) for row in problem.inputs}
    assert drawn <= rounded
