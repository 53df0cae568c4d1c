"""Trainings with every sampler: they resume to the same bits, and held-out pixels have no influence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed, choices
from sfumato.training import Trainer
from sfumato.training.engines import Advance
from sfumato.training.engines.requirements import resolve
from sfumato.training.picture import PictureProblem
from sfumato.training.samples import Samples
from tests.small import SMALL, picture, trainer

SAMPLERS = [
    *(each() for each in choices.Sampler.members.values()),
    choices.ErrorProportional(interval=3),
    choices.EVOS(interval=4, end_interval=2),
]


def recipe_of(choice: choices.Sampler, **training: Any) -> Recipe:
    changes = {"training": {**SMALL["training"], "sampler": str(choice), **training}, "budget": {"steps": 50}}
    return resolve(changed(changed(Recipe(), SMALL), {**changes, "data": {"split": 0.3}, "device": "cpu"}))


@pytest.mark.slow
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


@pytest.mark.parametrize("choice", [each for each in SAMPLERS if not each.factors], ids=str)
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
    rounded = {tuple(row) for row in problem.inputs.astype(np.float32).astype(np.float64).tolist()}
    assert drawn <= rounded


@pytest.mark.parametrize("batch", [16, "all"])
def test_coarse_levels_are_trained_like_a_smaller_picture(batch: Any) -> None:
    recipe = recipe_of(choices.CoarseToFine(levels=1, until=1.0), batch=batch)
    problem = PictureProblem(recipe, picture())
    inputs, targets = (problem.grid.averages(values, 2) for values in (problem.inputs, problem.targets))
    # One of the 20 squares has no training pixel.
    assert len(targets) == 19
    training = trainer(recipe)
    # A full batch takes one step for each pass over the averages, and 16 samples per step take two.
    totals, samples = training.advance(6)
    assert samples == (6 * 19 if batch == "all" else 3 * 19)
    small = Trainer(
        changed(recipe, {"training": {"sampler": "shuffled"}, "data": {"split": 0}}),
        Samples(inputs, targets),
        models.build(recipe.model, 3, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates),
    )
    expected, _ = small.advance(6)
    assert totals == expected
    assert all(np.array_equal(value, small.weights()[name]) for name, value in training.weights().items())


@pytest.mark.slow
@pytest.mark.parametrize("target_range", ["unit", "signed"])
@pytest.mark.parametrize("engine", ["fused", "online", "concurrent", "autograd"])
def test_a_canvas_is_read_while_averages_are_trained(engine: str, target_range: str) -> None:
    recipe = recipe_of(choices.CoarseToFine(until=0.5), batch=1 if engine == "online" else 16, optimizer="sgd(0.01)")
    recipe = resolve(changed(recipe, {"engine": engine, "evaluation": {"interval": "end"}, "budget": {"steps": 400}}))
    recipe = changed(recipe, {"data": {"target_range": target_range}})
    training = trainer(recipe)
    canvases = [snapshot.canvas() for snapshot in training.snapshots()]
    assert all(canvas is not None and canvas.shape == (9, 7, 3) for canvas in canvases)
    *_, last = training.snapshots()
    # Fewer than the steps' samples: some steps were on averages, of which there are fewer than a batch.
    assert last.samples < 400 * (1 if engine == "online" else 16) or engine == "online"


def test_the_shown_samples_are_counted_and_resumed() -> None:
    recipe = recipe_of(choices.CoarseToFine(), batch="all")
    training, resumed = trainer(recipe), trainer(recipe)
    training.advance(3)
    resumed.load(training.state(), 0.0)
    first = next(iter(resumed.snapshots()))
    assert first.samples == 3 * len(PictureProblem(recipe, picture()).grid.averages(np.zeros((44, 1)), 4))
    assert first.epoch == 3


def test_a_budget_of_psnr_alone_has_no_end_for_a_sampler() -> None:
    changes = {"training": {"sampler": "coarse_to_fine", "schedule": "constant"}, "budget": {"psnr": 30}}
    with pytest.raises(RecipeError, match=r"for the sampler coarse_to_fine\(.*\), which needs an end. Got budget.psnr"):
        changed(Recipe(), changes)
